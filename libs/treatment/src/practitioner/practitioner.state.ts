import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import { addDays } from '#libs/kernel/src/local-date.js';
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
    case 'CredentialRevoked': {
      const { procedures, from } = event.data;
      return { ...state, credentials: state.credentials.flatMap((each) => revoked(each, procedures, from)) };
    }
    default:
      return assertNever(event, 'practitioner event');
  }
}

/** What is left of a credential when some of its procedures end with the day before `from`. */
function revoked(credential: Credential, procedures: readonly string[], from: LocalDate): Credential[] {
  const { validFrom, validTo } = credential;
  const isOver = validTo !== null && validTo < from;
  const cut = credential.procedures.filter((procedure) => procedures.includes(procedure));
  if (cut.length === 0 || isOver) return [credential];
  const rest = credential.procedures.filter((procedure) => !procedures.includes(procedure));
  return [
    ...(rest.length === 0 ? [] : [{ ...credential, procedures: rest }]),
    ...(validFrom < from ? [{ procedures: cut, validFrom, validTo: addDays(from, -1) }] : []),
  ];
}

/** Whether a credential holds on a day; the last day named still counts. */
export const holdsOn = ({ validFrom, validTo }: Pick<Credential, 'validFrom' | 'validTo'>, on: LocalDate): boolean =>
  validFrom <= on && (validTo === null || on <= validTo);

/** Whether one of the credentials holds for a procedure on a day (S2-Q1); what was revoked is out of them. */
export const isCredentialed = (credentials: readonly Credential[], procedure: string, on: LocalDate): boolean =>
  credentials.some((credential) => credential.procedures.includes(procedure) && holdsOn(credential, on));

/** Of what a credential speaks: a protocol, and what it is a copy of. */
interface Treated {
  readonly code: string;
  readonly procedure?: string | undefined;
}

/**
 * Whether somebody may carry out what a protocol describes on a day (S2-Q1). A chain's own protocol is a copy for the same
 * procedure, and whoever may do the one may do the other.
 */
export const isCredentialedFor = (
  credentials: readonly Credential[],
  { code, procedure }: Treated,
  on: LocalDate,
): boolean =>
  isCredentialed(credentials, code, on) || (procedure !== undefined && isCredentialed(credentials, procedure, on));

/** As what somebody was seen who should have been a physician that may carry out a procedure on a day. */
export const seenAsPhysician = (practitioner: PractitionerState | undefined, on: LocalDate): string => {
  if (practitioner?.status !== 'registered') return 'nobody';
  const { role } = practitioner;
  return role === 'physician' ? `a physician without a credential that is valid on ${on}` : role;
};

/** A physician who may carry it out, and so may order it, and decide what a physician decides about it (S2-Q1). */
export const isTreatingPhysician = (
  practitioner: PractitionerState | undefined,
  protocol: Treated,
  on: LocalDate,
): practitioner is Extract<PractitionerState, { status: 'registered' }> =>
  practitioner?.status === 'registered' &&
  practitioner.role === 'physician' &&
  isCredentialedFor(practitioner.credentials, protocol, on);
