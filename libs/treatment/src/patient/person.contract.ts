import { instantSchema, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { contactCategorySchema } from '#libs/protocols/src/contact-category.js';
import { z } from 'zod';
import { contactChoicesSchema } from '../contact/contact.events.js';
import { personSchema } from '../shared.contract.js';
import { healthFactKindSchema, healthSchema } from './patient.events.js';

/** Everybody's registrations are one person where they are linked. */
export const patientPersonSchema = z
  .strictObject({
    /** The registration that was asked for first. */
    registrations: z.array(
      z.strictObject({
        patient: personSchema,
        links: z.array(z.strictObject({ linkId: z.uuid(), otherPatientId: z.uuid() })),
        courseIds: z.array(z.uuid()),
        /** Adverse events that were reported and that no physician has closed; those of follow-ups are with their courses. */
        openAdverseEventIds: z.array(z.uuid()),
        /** What the patient wants to be told, and how, beyond the contact preference. */
        contact: z.strictObject({
          /** No message of these kinds goes. */
          optedOut: z.array(contactCategorySchema),
          /** The patient sent STOP to a number of ours: nothing goes by SMS. */
          smsStopped: z.boolean(),
          choices: contactChoicesSchema,
        }),
      }),
    ),
    diedOn: localDateSchema.nullable(),
    movedAwayOn: localDateSchema.nullable(),
    /** Under age by the law of any site of the chain, on the date that is furthest behind; false where no birth date can be read. */
    isMinor: z.boolean(),
    hasGuardian: z.boolean(),
  })
  .meta({ id: 'PatientPerson' });
export type PatientPerson = z.infer<typeof patientPersonSchema>;

export const personHealthSchema = z
  .strictObject({
    on: localDateSchema,
    /** What holds on that day under all registrations; null where a part of it was erased. */
    health: healthSchema.nullable(),
    /** What was recorded one by one, of all registrations and all times. */
    facts: z.array(
      z.strictObject({
        id: z.uuid(),
        patientId: z.uuid(),
        kind: healthFactKindSchema,
        /** Null where it was erased. */
        statement: z.string().nullable(),
        since: localDateSchema.nullable(),
        until: localDateSchema.nullable(),
        recordedAt: instantSchema,
        /** The consultation whose answers or results say it; null where it was recorded by itself. */
        consultationId: z.uuid().nullable(),
      }),
    ),
  })
  .meta({ id: 'PersonHealth' });
export type PersonHealth = z.infer<typeof personHealthSchema>;
