import { instantSchema, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { personSchema } from '../shared.contract.js';
import { practitionerRoleSchema } from './practitioner.events.js';

const procedures = z.array(z.string()).describe('Codes of protocols.');

/** What a practitioner was allowed to carry out on one day, as it was known at a time. */
export const practitionerCredentialsSchema = z
  .strictObject({
    practitioner: personSchema,
    role: practitionerRoleSchema,
    on: localDateSchema,
    /** What holds on the day. */
    procedures,
    /** All there are, revocations applied. */
    credentials: z.array(
      z.strictObject({
        procedures,
        validFrom: localDateSchema,
        /** The last valid day; null: open. */
        validTo: localDateSchema.nullable(),
        /** On the day that was asked for. */
        holds: z.boolean(),
      }),
    ),
    /** What was granted and revoked, as each reads by then; corrections name the event. */
    entries: z.array(
      z.strictObject({
        event: z.uuid(),
        type: z.enum(['CredentialGranted', 'CredentialRevoked']),
        recordedAt: instantSchema,
        procedures,
        /** First day of a grant; first day without, of a revocation. */
        from: localDateSchema,
        /** The last valid day of a grant; null: open, or a revocation. */
        to: localDateSchema.nullable(),
        /** Why it was revoked; null for a grant, or where it was erased. */
        reason: z.string().nullable(),
        /** Events of the corrections that were applied, in their order. */
        correctedBy: z.array(z.uuid()),
      }),
    ),
  })
  .meta({ id: 'PractitionerCredentials' });
export type PractitionerCredentials = z.infer<typeof practitionerCredentialsSchema>;

/** Whether a practitioner was allowed to carry out a procedure on a day. */
export const allowedPractitionerSchema = z
  .strictObject({
    practitioner: personSchema,
    role: practitionerRoleSchema,
    /** Always true without a site: then only those who were are listed. */
    allowed: z.boolean(),
    /** The credential that holds on the day, the one that lasts longest; null where none does. */
    validFrom: localDateSchema.nullable(),
    validTo: localDateSchema.nullable(),
    /** Sessions of the procedure at the site on the day, booked or performed; null where no site was asked for. */
    sessions: z.int().nonnegative().nullable(),
  })
  .meta({ id: 'AllowedPractitioner' });
export type AllowedPractitioner = z.infer<typeof allowedPractitionerSchema>;
