import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Conclusion, ConsultationEvent } from './consultation.events.js';

export interface Consent {
  readonly procedure: string;
  readonly signedOn: LocalDate;
  readonly validUntil: LocalDate | null;
}

export type ConsultationState =
  | { readonly status: 'none' }
  | {
      readonly status: 'open' | 'concluded';
      readonly consultationId: string;
      readonly patientId: string;
      readonly siteId: string;
      readonly procedure: string;
      readonly conclusion: Conclusion | undefined;
      /** In force, the latest for each procedure. */
      readonly consents: readonly Consent[];
    };

export const consultationFold = { initial: { status: 'none' } as ConsultationState, evolve };

function evolve(state: ConsultationState, event: RecordedEvent<ConsultationEvent>): ConsultationState {
  if (event.type === 'ConsultationHeld') {
    const { consultationId, patientId, siteId, procedure } = event.data;
    return { status: 'open', consultationId, patientId, siteId, procedure, conclusion: undefined, consents: [] };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'ConsultationConcluded':
      return { ...state, status: 'concluded', conclusion: event.data.conclusion };
    case 'ConsentSigned': {
      const { procedure, signedOn, validUntil } = event.data;
      return { ...state, consents: [...without(state.consents, procedure), { procedure, signedOn, validUntil }] };
    }
    case 'ConsentWithdrawn':
      return { ...state, consents: without(state.consents, event.data.procedure) };
    default:
      return assertNever(event, 'consultation event');
  }
}

const without = (consents: readonly Consent[], procedure: string): Consent[] =>
  consents.filter((consent) => consent.procedure !== procedure);

/** The consent for a procedure that holds on a day. */
export const consentOn = (consents: readonly Consent[], procedure: string, on: LocalDate): Consent | undefined =>
  consents.find(
    (consent) =>
      consent.procedure === procedure &&
      consent.signedOn <= on &&
      (consent.validUntil === null || on <= consent.validUntil),
  );
