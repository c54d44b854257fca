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

export const PRACTITIONER_EVENTS = [PractitionerRegistered, CredentialGranted] as const;
export type PractitionerEvent = EventOf<(typeof PRACTITIONER_EVENTS)[number]>;
