import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { practitionerRoleSchema } from './practitioner.events.js';

const reason = z.string().trim().min(1).max(5_000);
/** Codes of protocols. */
const procedures = z.array(z.string().min(1)).min(1).max(100);

const credentialFields = {
  procedures,
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

const revocationFields = {
  procedures,
  /** The first day on which the practitioner may not carry them out any more. */
  from: localDateSchema,
  reason,
};

export const revokeCredentialSchema = z.strictObject(revocationFields).meta({ id: 'RevokeCredential' });

/** The whole of a grant or a revocation anew; `type` is that of the entry. */
export const correctCredentialEntrySchema = z
  .strictObject({
    data: z.discriminatedUnion('type', [
      z
        .strictObject({ type: z.literal('CredentialGranted'), ...credentialFields })
        .refine(endsAfterItBegins.check, endsAfterItBegins.options),
      z.strictObject({ type: z.literal('CredentialRevoked'), ...revocationFields }),
    ]),
    reason,
  })
  .meta({ id: 'CorrectCredentialEntry' });

export const retractCredentialEntrySchema = z.strictObject({ reason }).meta({ id: 'RetractCredentialEntry' });

export type RegisterPractitionerData = z.infer<typeof registerPractitionerSchema>;
export type GrantCredentialData = z.infer<typeof grantCredentialSchema>;
export type RevokeCredentialData = z.infer<typeof revokeCredentialSchema>;
export type CorrectCredentialEntryData = z.infer<typeof correctCredentialEntrySchema>;
export type RetractCredentialEntryData = z.infer<typeof retractCredentialEntrySchema>;
