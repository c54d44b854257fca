import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Erased } from '#libs/event-store/src/personal-data.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ContactPreference, Health, Identity, PatientEvent } from './patient.events.js';

export type PatientState =
  | { readonly status: 'none' }
  | {
      readonly status: 'registered';
      readonly patientId: string;
      readonly preference: ContactPreference;
      readonly identity: Identity | Erased;
      readonly health: Health | Erased;
    };

export const patientFold = { initial: { status: 'none' } as PatientState, evolve };

function evolve(state: PatientState, event: RecordedEvent<PatientEvent>): PatientState {
  if (event.type === 'PatientRegistered') return { status: 'registered', ...event.data };
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'PatientContactPreferenceChanged':
      return { ...state, preference: event.data.preference };
    case 'PatientHealthRecorded':
      return { ...state, health: event.data.health };
    default:
      return assertNever(event, 'patient event');
  }
}
