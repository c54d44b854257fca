import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { referenceSchema } from '../course/course.commands.js';
import { contactPreferenceSchema, healthFactKindSchema, healthSchema, identitySchema } from './patient.events.js';

const reasonSchema = z.string().trim().min(1).max(2000);

export const registerPatientSchema = z
  .strictObject({
    code: z.string().trim().min(1).max(100).optional(),
    identity: identitySchema,
    preference: contactPreferenceSchema,
    health: healthSchema.default({ allergies: [], conditions: [], medications: [] }),
    /** Where: who works at that site sees the patient from then on. Whoever works at one site need not say it. */
    site: z.string().min(1).max(200).optional(),
  })
  .meta({ id: 'RegisterPatient' });

export const changeContactPreferenceSchema = contactPreferenceSchema.meta({ id: 'ChangeContactPreference' });

export const recordHealthSchema = healthSchema.meta({ id: 'RecordHealth' });

/** The days on which something holds; a day that is left out is open. */
const periodShape = {
  /** The first day on which it holds, not after today; null: as long as anybody knows. */
  since: localDateSchema.nullable().default(null),
  /** The last day on which it holds; null: it goes on. */
  until: localDateSchema.nullable().default(null),
};
const statementSchema = z.string().trim().min(1).max(500);

export const recordHealthFactSchema = z
  .strictObject({ kind: healthFactKindSchema, statement: statementSchema, ...periodShape })
  .meta({ id: 'RecordHealthFact' });

export const endHealthFactSchema = z.strictObject({ until: localDateSchema }).meta({ id: 'EndHealthFact' });

export const linkPatientSchema = z
  .strictObject({
    /** The other registration of the person. */
    patient: referenceSchema,
    reason: reasonSchema,
  })
  .meta({ id: 'LinkPatient' });

export const undoLinkSchema = z.strictObject({ reason: reasonSchema }).meta({ id: 'UndoPatientLink' });

export const nameGuardianSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(200),
    relation: z.string().trim().min(1).max(100),
    phone: z.string().trim().min(1).max(50).optional(),
  })
  .meta({ id: 'NameGuardian' });

export const happenedOnSchema = z.strictObject({ on: localDateSchema }).meta({ id: 'HappenedOn' });

/** The whole of an entry of a patient's record, said anew; `type` is that of the entry. */
export const PATIENT_CORRECTIONS = [
  z.strictObject({
    type: z.literal('PatientRegistered'),
    identity: identitySchema,
    preference: contactPreferenceSchema,
    health: healthSchema,
  }),
  z.strictObject({
    type: z.literal('PatientHealthRecorded'),
    health: healthSchema,
    /** The first day on which these answers hold; the day on which they were recorded when left out. */
    since: localDateSchema.optional(),
  }),
  z.strictObject({
    type: z.literal('HealthFactRecorded'),
    kind: healthFactKindSchema,
    statement: statementSchema,
    ...periodShape,
  }),
  z.strictObject({ type: z.literal('HealthFactEnded'), until: localDateSchema }),
  z.strictObject({ type: z.literal('PatientDied'), on: localDateSchema }),
  z.strictObject({ type: z.literal('PatientMovedAway'), on: localDateSchema }),
  z.strictObject({ type: z.literal('PatientReturned'), on: localDateSchema }),
] as const;
