import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { PERMISSIONS } from '#libs/http/src/principal.js';
import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const apiKeyStream = (keyId: string) => `apikey-${keyId}`;

/** What a machine is called: no name of a person fits in. */
export const keyNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,59}$/, 'lower-case letters, digits and hyphens');

/** A key was made. Its secret was shown once and stands nowhere. */
export const ApiKeyCreated = eventType('ApiKeyCreated', {
  schema: z.strictObject({
    keyId: z.uuid(),
    name: keyNameSchema,
    // Names of permissions, as they were called then: one that has gone since opens nothing.
    scopes: z.array(z.string().min(1)).min(1),
    /** Null: all sites. */
    siteIds: z.array(z.uuid()).min(1).nullable(),
    expiresAt: instantSchema,
  }),
});

export const ApiKeyRevoked = eventType('ApiKeyRevoked', { schema: z.strictObject({ keyId: z.uuid() }) });

export const API_KEY_EVENTS = [ApiKeyCreated, ApiKeyRevoked] as const;
export type ApiKeyEvent = EventOf<(typeof API_KEY_EVENTS)[number]>;

const known: ReadonlySet<string> = new Set(PERMISSIONS);
export const isPermission = (scope: string): scope is (typeof PERMISSIONS)[number] => known.has(scope);
