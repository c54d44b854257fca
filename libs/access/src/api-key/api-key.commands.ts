import { PERMISSIONS } from '#libs/http/src/principal.js';
import { z } from 'zod';
import { FOR_PEOPLE_ONLY } from '../roles.js';
import { keyNameSchema } from './api-key.events.js';

/** A key that nobody renews in a year is one that nobody remembers. */
export const KEY_DAYS_MAX = 366;

export const createApiKeySchema = z
  .strictObject({
    name: keyNameSchema,
    /** What it may do. */
    scopes: z.array(z.enum(PERMISSIONS)).min(1).max(PERMISSIONS.length),
    /** Where, by id or code; all sites where it is left out. */
    sites: z.array(z.string().min(1).max(200)).min(1).max(500).optional(),
    days: z.int().min(1).max(KEY_DAYS_MAX).default(90),
  })
  .refine(({ scopes }) => !scopes.some((scope) => FOR_PEOPLE_ONLY.has(scope)), {
    path: ['scopes'],
    message: `none of ${[...FOR_PEOPLE_ONLY].join(', ')}: only people do these`,
  })
  .meta({ id: 'CreateApiKey' });
export type CreateApiKeyData = z.infer<typeof createApiKeySchema>;
