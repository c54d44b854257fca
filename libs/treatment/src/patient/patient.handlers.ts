import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { registerPatientSchema } from './patient.commands.js';
import type { ContactPreference, Health } from './patient.events.js';
import { PatientService } from './patient.service.js';

export class RegisterPatient extends CommandOf<z.infer<typeof registerPatientSchema>> {}
export class ChangeContactPreference extends CommandOf<ContactPreference, { patient: string }> {}
export class RecordHealth extends CommandOf<Health, { patient: string }> {}

export const PATIENT_HANDLERS = [
  handle(RegisterPatient, PatientService, (patients, { meta, data }) => patients.register(meta, data)),
  handle(ChangeContactPreference, PatientService, (patients, { meta, target, data }) =>
    patients.changeContactPreference(meta, target.patient, data),
  ),
  handle(RecordHealth, PatientService, (patients, { meta, target, data }) =>
    patients.recordHealth(meta, target.patient, data),
  ),
];
