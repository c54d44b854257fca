import { correctionOf, retractionOf } from '#libs/event-store/src/correction.js';
import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const practitionerStream = (practitionerId: string) => `practitioner-${practitionerId}`;

export const practitionerRoleSchema = z.enum(['physician', 'nurse']);

export const PractitionerRegistered = eventType('PractitionerRegistered', {
  subject: 'practitionerId',
  schema: z.strictObject({
    practitionerId: z.uuid(),
    role: practitionerRoleSchema,
    name: personal('contact', z.string().min(1)),
  }),
});

/** The practitioner may carry out these procedures in this period (S2-Q1). */
export const CredentialGranted = eventType('CredentialGranted', {
  schema: z.strictObject({
    practitionerId: z.uuid(),
    /** Codes of protocols. */
    procedures: z.array(z.string().min(1)).min(1),
    validFrom: localDateSchema,
    /** The last valid day; null: open. */
    validTo: localDateSchema.nullable(),
  }),
});

/**
 * The practitioner may no longer carry out these procedures, whatever was granted before: from this day on, which is
 * the first one without. What is granted afterwards holds again.
 */
export const CredentialRevoked = eventType('CredentialRevoked', {
  subject: 'practitionerId',
  schema: z.strictObject({
    practitionerId: z.uuid(),
    /** Codes of protocols. */
    procedures: z.array(z.string().min(1)).min(1),
    from: localDateSchema,
    /** Why, in words. */
    reason: personal('contact', z.string().min(1)),
  }),
});

const BASE = [PractitionerRegistered, CredentialGranted, CredentialRevoked] as const;

/** What happened to a practitioner, corrections apart: folds are given histories in which those are applied. */
export type PractitionerEvent = EventOf<(typeof BASE)[number]>;

/** Practitioners are no patients: the one class of data that is held about them closes the reasons as well. */
const OF_PRACTITIONER = { subject: 'practitionerId', personalClass: 'contact' } as const;
export const CredentialGrantedCorrected = correctionOf(CredentialGranted, OF_PRACTITIONER);
export const CredentialRevokedCorrected = correctionOf(CredentialRevoked, OF_PRACTITIONER);
/** A grant or a revocation never happened. */
export const PractitionerEntryRetracted = retractionOf(
  'PractitionerEntryRetracted',
  { practitionerId: z.uuid() },
  OF_PRACTITIONER,
);

export const PRACTITIONER_EVENTS = [
  ...BASE,
  CredentialGrantedCorrected,
  CredentialRevokedCorrected,
  PractitionerEntryRetracted,
] as const;
/** What may stand in a practitioner's stream. */
export type PractitionerEntry = EventOf<(typeof PRACTITIONER_EVENTS)[number]>;
