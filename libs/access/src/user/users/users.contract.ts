import { userRoleSchema } from '../user.events.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { z } from 'zod';

export const heldRoleSchema = z
  .strictObject({
    id: z.uuid(),
    role: userRoleSchema,
    site: z.uuid().nullable().describe('Null: at all sites; of the role `patient`, at none.'),
    patient: z.uuid().nullable(),
    validFrom: z.iso.date().nullable(),
    validTo: z.iso.date().nullable(),
  })
  .meta({ id: 'HeldRole' });

export const userViewSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string().nullable().describe('Null where it was erased.'),
    status: z.enum(['invited', 'enabled', 'disabled']).describe('`invited`: has not signed in yet.'),
    signsInBy: z.array(z.enum(['passkey', 'openid-connect'])),
    grants: z.array(heldRoleSchema),
    revision: z.int().min(0),
  })
  .meta({ id: 'User' });
export type UserView = z.infer<typeof userViewSchema>;

export const apiKeyViewSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('How the key begins.'),
    scopes: z.array(z.string()),
    sites: z.array(z.uuid()).nullable().describe('Null: all sites.'),
    createdAt: z.iso.datetime(),
    createdBy: z.string(),
    expiresAt: z.iso.datetime(),
    usedAt: z.iso.datetime().nullable().describe('To the hour.'),
    state: z.enum(['valid', 'expired', 'revoked']),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.infer<typeof apiKeyViewSchema>;

export const openingViewSchema = z
  .strictObject({
    id: z.uuid(),
    user: z.strictObject({ id: z.uuid(), name: z.string().nullable() }),
    patient: z.strictObject({ id: z.uuid() }),
    reason: z.string().nullable(),
    openedAt: z.iso.datetime(),
    until: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable().describe('When they closed it, or it was reviewed, before its time was over.'),
    review: z
      .strictObject({ outcome: z.enum(['justified', 'not-justified']), by: z.string(), at: z.iso.datetime() })
      .nullable(),
  })
  .meta({ id: 'OpenedRecord' });
export type OpeningView = z.infer<typeof openingViewSchema>;

export const userPageSchema = pageSchemaOf(userViewSchema);
export const apiKeyPageSchema = pageSchemaOf(apiKeyViewSchema);
export const openingPageSchema = pageSchemaOf(openingViewSchema);
