import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { conclusionSchema, consultationNotesSchema } from './consultation.events.js';

const reference = z.string().min(1).max(200);

export const holdConsultationSchema = z
  .strictObject({
    patient: reference,
    site: reference,
    practitioner: reference,
    /** Code of the protocol that is talked about. */
    procedure: z.string().min(1),
    /** Wall time at the site; the chain's present time when left out. */
    at: wallTimeSchema.optional(),
    notes: consultationNotesSchema.default({}),
  })
  .meta({ id: 'HoldConsultation' });

export const concludeConsultationSchema = z
  .strictObject({
    practitioner: reference,
    conclusion: conclusionSchema,
    reason: z.string().trim().max(5000).default(''),
  })
  .refine(({ conclusion, reason }) => conclusion.outcome === 'cleared' || reason !== '', {
    path: ['reason'],
    message: 'why it was deferred or refused',
  })
  .meta({ id: 'ConcludeConsultation' });

export const signConsentSchema = z
  .strictObject({
    procedure: z.string().min(1),
    signedOn: localDateSchema,
    formHash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'the SHA-256 of the form, as 64 hexadecimal digits')
      .optional(),
    validUntil: localDateSchema.nullable().default(null),
  })
  .meta({ id: 'SignConsent' });

export const withdrawConsentSchema = z.strictObject({ procedure: z.string().min(1) }).meta({ id: 'WithdrawConsent' });
