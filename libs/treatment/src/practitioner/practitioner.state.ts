import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { PractitionerEvent } from './practitioner.events.js';

export interface Credential {
  readonly procedures: readonly string[];
  readonly validFrom: LocalDate;
  readonly validTo: LocalDate | null;
}

export type PractitionerState =
  | { readonly status: 'none' }
  | {
      readonly status: 'registered';
      readonly practitionerId: string;
      readonly role: 'physician' | 'nurse';
      readonly credentials: readonly Credential[];
    };

export const practitionerFold = { initial: { status: 'none' } as PractitionerState, evolve };

function evolve(state: PractitionerState, event: RecordedEvent<PractitionerEvent>): PractitionerState {
  if (event.type === 'PractitionerRegistered') {
    const { practitionerId, role } = event.data;
    return { status: 'registered', practitionerId, role, credentials: [] };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'CredentialGranted': {
      const { procedures, validFrom, validTo } = event.data;
      return { ...state, credentials: [...state.credentials, { procedures, validFrom, validTo }] };
    }
    default:
      return assertNever(event, 'practitioner event');
  }
}

/** Whether one of the credentials holds for a procedure on a day; the last day named still counts (S2-Q1). */
export const isCredentialed = (credentials: readonly Credential[], procedure: string, on: LocalDate): boolean =>
  credentials.some(
    ({ procedures, validFrom, validTo }) =>
      procedures.includes(procedure) && validFrom <= on && (validTo === null || on <= validTo),
  );
