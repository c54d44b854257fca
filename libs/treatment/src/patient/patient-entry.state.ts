import type { EffectiveEvent } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { PatientEvent } from './patient.events.js';
import { patientFold, type PatientState } from './patient.state.js';

/** An entry of a patient's record that stands, as it reads now. */
export type PatientEntry = EffectiveEvent<RecordedEvent<PatientEvent>>;

/** The state of a patient with the entries that made it: for corrections, which name an entry. */
export interface PatientEntries {
  readonly patient: PatientState;
  readonly entries: readonly PatientEntry[];
}

export const patientEntriesFold = {
  initial: { patient: patientFold.initial, entries: [] } as PatientEntries,
  evolve: ({ patient, entries }: PatientEntries, event: RecordedEvent<PatientEvent>): PatientEntries => ({
    patient: patientFold.evolve(patient, event),
    entries: [...entries, event],
  }),
};

/** The entry that an id names: its own, or that of a correction of it. */
export const entryOf = ({ entries }: PatientEntries, eventId: string): PatientEntry | undefined =>
  entries.find(
    (entry) => entry.header.id === eventId || correctionsOf(entry).some((correction) => correction === eventId),
  );

/** The ids of the corrections that an entry reads by. */
export const correctionsOf = ({ correctness }: PatientEntry): string[] =>
  correctness?.correctedBy.map(({ eventId }) => eventId) ?? [];
