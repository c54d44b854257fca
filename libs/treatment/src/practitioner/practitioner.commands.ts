import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { practitionerRoleSchema } from './practitioner.events.js';

const credentialFields = {
  /** Codes of protocols. */
  procedures: z.array(z.string().min(1)).min(1).max(100),
  validFrom: localDateSchema,
  /** The last valid day; null: open. */
  validTo: localDateSchema.nullable(),
};

const endsAfterItBegins = {
  check: (credential: { validFrom: string; validTo: string | null }) =>
    credential.validTo === null || credential.validFrom <= credential.validTo,
  options: { path: ['validTo'], message: 'the last valid day, not before validFrom' },
};

const credentialSchema = z.strictObject(credentialFields).refine(endsAfterItBegins.check, endsAfterItBegins.options);

export const registerPractitionerSchema = z
  .strictObject({
    code: z.string().trim().min(1).max(100).optional(),
    name: z.string().trim().min(1).max(200),
    role: practitionerRoleSchema,
    credentials: z.array(credentialSchema).max(100).default([]),
  })
  .meta({ id: 'RegisterPractitioner' });

export const grantCredentialSchema = credentialSchema.meta({ id: 'GrantCredential' });
