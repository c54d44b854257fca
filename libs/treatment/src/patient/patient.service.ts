import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { Conflict, NotFound, Refused } from '#libs/kernel/src/errors.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { References } from '#libs/cqrs/src/references.js';
import type { registerPatientSchema } from './patient.commands.js';
import {
  type ContactPreference,
  type Health,
  PatientContactPreferenceChanged,
  PatientHealthRecorded,
  PatientRegistered,
  patientStream,
} from './patient.events.js';
import { patientFold, type PatientState } from './patient.state.js';

type RegisteredPatient = Extract<PatientState, { status: 'registered' }>;

/** Loads a patient for a decision, who is thereby guarded. @throws NotFound `patient.unknown` */
export async function requirePatient(reads: Reads, patientId: string): Promise<RegisteredPatient> {
  const { state } = await reads.load(patientStream(patientId), patientFold);
  if (state.status === 'none') {
    throw new NotFound('patient.unknown', 'There is no such patient.', {
      fields: [{ field: 'patient', message: 'Name a patient that is registered.' }],
    });
  }
  return state;
}

@Injectable()
export class PatientService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
  ) {}

  async register(meta: CommandMeta, data: z.infer<typeof registerPatientSchema>): Promise<CommandAnswer> {
    const { code, ...patient } = data;
    const id = await this.codes.idFor(meta.chain, 'patient', code, derivedId(meta.commandId, 'patient'));
    const stream = patientStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, patientFold);
      if (state.status !== 'none') throw new Conflict('patient.exists', 'There is such a patient already.');
      requireBirthBefore(data.identity.birthDate, reads.now);
      return [{ stream, events: [PatientRegistered(occurredNow(reads.now), { patientId: id, ...patient })] }];
    });
    return { id, ...result };
  }

  /** Language, channel and consent, for everything that has not left yet. */
  async changeContactPreference(
    meta: CommandMeta,
    patient: string,
    preference: ContactPreference,
  ): Promise<CommandAnswer> {
    return this.change(meta, patient, (state, now) =>
      JSON.stringify(state.preference) === JSON.stringify(preference)
        ? []
        : [PatientContactPreferenceChanged(occurredNow(now), { patientId: state.patientId, preference })],
    );
  }

  /** What is known of the patient's health from now on. */
  async recordHealth(meta: CommandMeta, patient: string, health: Health): Promise<CommandAnswer> {
    return this.change(meta, patient, (state, now) =>
      JSON.stringify(state.health) === JSON.stringify(health)
        ? []
        : [PatientHealthRecorded(occurredNow(now), { patientId: state.patientId, health })],
    );
  }

  private async change(
    meta: CommandMeta,
    patient: string,
    decide: (
      state: RegisteredPatient,
      now: string,
    ) => (ReturnType<typeof PatientHealthRecorded> | ReturnType<typeof PatientContactPreferenceChanged>)[],
  ): Promise<CommandAnswer> {
    const id = await this.references.resolve(meta.chain, 'patient', patient);
    const result = await this.runner.run(meta, async (reads) => [
      { stream: patientStream(id), events: decide(await requirePatient(reads, id), reads.now) },
    ]);
    return { id, ...result };
  }
}

/** The day in the farthest zone: nobody alive was born after it. */
function requireBirthBefore(birthDate: string, now: string): void {
  if (birthDate <= localDateAt(now, 'Pacific/Kiritimati')) return;
  throw new Refused('patient.not-born', `${birthDate} is still to come.`, {
    fields: [{ field: 'identity.birthDate', message: 'Give the day of birth.', rule: 'patient.birth-date' }],
  });
}
