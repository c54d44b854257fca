import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { z } from 'zod';

/** What is decided about the erasure of one registration; the erasure itself stands on the patient's own stream. */
export const erasureStream = (patientId: string) => `erasure-${patientId}`;

/** Why somebody is to be erased, in a word; the words of it stand closed, and go with them. */
export const erasureGroundSchema = z.enum(['patient-asked', 'retention-ended', 'registered-by-mistake', 'other']);
export type ErasureGround = z.infer<typeof erasureGroundSchema>;

const reason = personal('clinical', z.string().min(1));
const ofPatient = { subject: 'patientId' } as const;

/** The first of two people says that a person is to be erased. */
export const ErasureRequested = eventType('ErasureRequested', {
  ...ofPatient,
  schema: z.strictObject({ patientId: z.uuid(), erasureId: z.uuid(), ground: erasureGroundSchema, reason }),
});

/** The second one agrees. Written in one append with the erasure of every registration of the person. */
export const ErasureConfirmed = eventType('ErasureConfirmed', {
  schema: z.strictObject({
    patientId: z.uuid(),
    erasureId: z.uuid(),
    /** All registrations of the person; each has its own `PatientErased`. */
    registrations: z.array(z.uuid()).min(1),
  }),
});

/** It does not come to it: another one says no, or whoever asked takes it back. */
export const ErasureDeclined = eventType('ErasureDeclined', {
  ...ofPatient,
  schema: z.strictObject({ patientId: z.uuid(), erasureId: z.uuid(), reason }),
});

/** A court, an authority or a claim needs the record: nobody erases it until the hold is lifted. */
export const LegalHoldSet = eventType('LegalHoldSet', {
  ...ofPatient,
  schema: z.strictObject({ patientId: z.uuid(), holdId: z.uuid(), reason }),
});

export const LegalHoldLifted = eventType('LegalHoldLifted', {
  ...ofPatient,
  schema: z.strictObject({ patientId: z.uuid(), holdId: z.uuid(), reason }),
});

export const ERASURE_EVENTS = [
  ErasureRequested,
  ErasureConfirmed,
  ErasureDeclined,
  LegalHoldSet,
  LegalHoldLifted,
] as const;
export type ErasureEvent = EventOf<(typeof ERASURE_EVENTS)[number]>;
