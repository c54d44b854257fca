import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const consultationStream = (consultationId: string) => `consultation-${consultationId}`;

/** What the patient said and what was found (S2-V1, S3-V1). Free text, so all of it is closed. */
export const consultationNotesSchema = z.strictObject({
  goals: z.string().optional(),
  expectations: z.string().optional(),
  concerns: z.string().optional(),
  complaints: z.string().optional(),
  examination: z.string().optional(),
});
export type ConsultationNotes = z.infer<typeof consultationNotesSchema>;

export const conclusionSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('cleared') }),
  z.strictObject({ outcome: z.literal('deferred'), until: localDateSchema }),
  z.strictObject({ outcome: z.literal('refused') }),
]);
export type Conclusion = z.infer<typeof conclusionSchema>;

export const ConsultationHeld = eventType('ConsultationHeld', {
  subject: 'patientId',
  schema: z.strictObject({
    consultationId: z.uuid(),
    patientId: z.uuid(),
    siteId: z.uuid(),
    practitionerId: z.uuid(),
    /** Code of the protocol that was talked about. */
    procedure: z.string().min(1),
    notes: personal('clinical', consultationNotesSchema),
  }),
});

export const ConsultationConcluded = eventType('ConsultationConcluded', {
  subject: 'patientId',
  schema: z.strictObject({
    consultationId: z.uuid(),
    patientId: z.uuid(),
    practitionerId: z.uuid(),
    conclusion: conclusionSchema,
    /** Why it was deferred or refused; empty otherwise. */
    reason: personal('clinical', z.string()),
  }),
});

/** The patient's signature under one exact version of a form, for one procedure. */
export const ConsentSigned = eventType('ConsentSigned', {
  schema: z.strictObject({
    consultationId: z.uuid(),
    patientId: z.uuid(),
    procedure: z.string().min(1),
    signedOn: localDateSchema,
    /** SHA-256 of the form as it was signed, in hex; missing for a signature from an old history. */
    formHash: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    /** The last valid day; null: until withdrawn. */
    validUntil: localDateSchema.nullable(),
  }),
});

export const ConsentWithdrawn = eventType('ConsentWithdrawn', {
  schema: z.strictObject({ consultationId: z.uuid(), patientId: z.uuid(), procedure: z.string().min(1) }),
});

export const CONSULTATION_EVENTS = [ConsultationHeld, ConsultationConcluded, ConsentSigned, ConsentWithdrawn] as const;
export type ConsultationEvent = EventOf<(typeof CONSULTATION_EVENTS)[number]>;
