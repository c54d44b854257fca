import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { correctPatientEntrySchema, retractPatientEntrySchema } from './patient-entry.commands.js';
import { PatientEntryService } from './patient-entry.service.js';
import type {
  endHealthFactSchema,
  happenedOnSchema,
  linkPatientSchema,
  recordHealthFactSchema,
  registerPatientSchema,
  undoLinkSchema,
} from './patient.commands.js';
import type { ContactPreference, Guardian, Health } from './patient.events.js';
import { PatientService } from './patient.service.js';

interface OfPatient {
  readonly patient: string;
}
type HappenedOn = z.infer<typeof happenedOnSchema>;

export class RegisterPatient extends CommandOf<z.infer<typeof registerPatientSchema>> {}
export class ChangeContactPreference extends CommandOf<ContactPreference, OfPatient> {}
export class RecordHealth extends CommandOf<Health, OfPatient> {}
export class RecordHealthFact extends CommandOf<z.infer<typeof recordHealthFactSchema>, OfPatient> {}
export class EndHealthFact extends CommandOf<
  z.infer<typeof endHealthFactSchema>,
  OfPatient & { readonly fact: string }
> {}
export class LinkPatient extends CommandOf<z.infer<typeof linkPatientSchema>, OfPatient> {}
export class UndoPatientLink extends CommandOf<z.infer<typeof undoLinkSchema>, OfPatient & { readonly link: string }> {}
export class NameGuardian extends CommandOf<Guardian, OfPatient> {}
export class RecordDeath extends CommandOf<HappenedOn, OfPatient> {}
export class RecordMoveAway extends CommandOf<HappenedOn, OfPatient> {}
export class RecordReturn extends CommandOf<HappenedOn, OfPatient> {}

interface OfEntry extends OfPatient {
  readonly event: string;
}
export class CorrectPatientEntry extends CommandOf<z.infer<typeof correctPatientEntrySchema>, OfEntry> {}
export class RetractPatientEntry extends CommandOf<z.infer<typeof retractPatientEntrySchema>, OfEntry> {}

export const PATIENT_HANDLERS = [
  handle(RegisterPatient, PatientService, (patients, { meta, data }) => patients.register(meta, data)),
  handle(ChangeContactPreference, PatientService, (patients, { meta, target, data }) =>
    patients.changeContactPreference(meta, target.patient, data),
  ),
  handle(RecordHealth, PatientService, (patients, { meta, target, data }) =>
    patients.recordHealth(meta, target.patient, data),
  ),
  handle(RecordHealthFact, PatientService, (patients, { meta, target, data }) =>
    patients.recordHealthFact(meta, target.patient, data),
  ),
  handle(EndHealthFact, PatientService, (patients, { meta, target, data }) =>
    patients.endHealthFact(meta, target.patient, target.fact, data),
  ),
  handle(LinkPatient, PatientService, (patients, { meta, target, data }) => patients.link(meta, target.patient, data)),
  handle(UndoPatientLink, PatientService, (patients, { meta, target, data }) =>
    patients.undoLink(meta, target.patient, target.link, data),
  ),
  handle(NameGuardian, PatientService, (patients, { meta, target, data }) =>
    patients.nameGuardian(meta, target.patient, data),
  ),
  handle(RecordDeath, PatientService, (patients, { meta, target, data }) =>
    patients.recordDeath(meta, target.patient, data.on),
  ),
  handle(RecordMoveAway, PatientService, (patients, { meta, target, data }) =>
    patients.recordMoveAway(meta, target.patient, data.on),
  ),
  handle(RecordReturn, PatientService, (patients, { meta, target, data }) =>
    patients.recordReturn(meta, target.patient, data.on),
  ),
  handle(CorrectPatientEntry, PatientEntryService, (entries, { meta, target, data }) =>
    entries.correct(meta, target.patient, target.event, data),
  ),
  handle(RetractPatientEntry, PatientEntryService, (entries, { meta, target, data }) =>
    entries.retract(meta, target.patient, target.event, data),
  ),
];
