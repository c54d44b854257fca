import { effectiveHistory } from '../../libs/event-store/src/correction.js';
import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import type { RecordedEvent } from '../../libs/event-store/src/recorded-event.js';
import { PistorError } from '../../libs/kernel/src/errors.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import { patientEntriesFold, type PatientEntries } from '../../libs/treatment/src/patient/patient-entry.state.js';
import {
  type Health,
  type Identity,
  type PatientEvent,
  PatientRegistered,
} from '../../libs/treatment/src/patient/patient.events.js';
import { patientFold, type RegisteredPatient } from '../../libs/treatment/src/patient/patient.state.js';
import { saysEnough } from './refusal-says.js';

/** A patient and what is recorded of them, for tests that read given, when, then. */

export const NOW = '2026-03-02T15:00:00.000Z';
export const patientId = newId();

const HEALTHY: Health = { allergies: [], conditions: [], medications: [] };
export const identity: Identity = {
  familyName: 'Doe',
  givenName: 'Jane',
  birthDate: '1980-05-05',
  sex: 'female',
};

export const registered = (
  id = patientId,
  { health = HEALTHY, ...changes }: { readonly health?: Health; readonly birthDate?: string } = {},
) =>
  PatientRegistered(occurredNow('2026-01-01T09:00:00.000Z'), {
    patientId: id,
    preference: { language: 'en', channel: 'email', contactConsent: true },
    identity: { ...identity, ...changes },
    health,
  });

/** The id that `recorded` gives to an event. */
export const eventIdOf = (revision: number): string => `0199a000-0000-7000-8000-${String(revision).padStart(12, '0')}`;

/** Events as a store would have recorded them, one a minute after the other. */
export const recorded = (events: readonly NewEvent[]): RecordedEvent[] =>
  events.map((event, revision) => ({
    ...event,
    chain: patientId,
    stream: `patient-${patientId}`,
    position: revision + 1,
    revision,
    recordedAt: new Date(Date.parse('2026-02-01T09:00:00.000Z') + revision * 60_000).toISOString(),
    header: {
      id: eventIdOf(revision),
      type: event.type,
      version: 1,
      occurredAt: event.occurredAt,
      actor: 'user:test',
      origin: 'live',
      commandId: eventIdOf(revision),
    },
  }));

const effective = (events: readonly NewEvent[]) =>
  effectiveHistory(recorded(events)) as unknown as RecordedEvent<PatientEvent>[];

/** The state of a patient after these events, corrections applied. */
export function given(...events: readonly NewEvent[]): RegisteredPatient {
  const state = effective(events).reduce(patientFold.evolve, patientFold.initial);
  if (state.status === 'none') throw new Error('The events do not register the patient');
  return state;
}

/** The same with the entries that corrections name. */
export const givenEntries = (...events: readonly NewEvent[]): PatientEntries =>
  effective(events).reduce(patientEntriesFold.evolve, patientEntriesFold.initial);

/**
 * What a refusal says: its code, and the rules that were broken.
 * @throws Error where it does not say of a rule what was seen and what would be accepted, or it was not refused
 */
export function refusal(decide: () => unknown): { code: string; rules: (string | undefined)[] } {
  try {
    decide();
  } catch (error) {
    if (!(error instanceof PistorError)) throw error;
    saysEnough(error);
    return { code: error.code, rules: error.fields.map(({ rule }) => rule) };
  }
  throw new Error('It was not refused');
}
