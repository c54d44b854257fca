import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import {
  type ConsultationEvent,
  consultationFold,
  type ConsultationState,
} from '#libs/treatment/src/streams.contract.js';

/**
 * The procedures of a consultation to which consent was withdrawn and not given again. A consent that was never given is
 * something else: old histories have courses without one, and whether such a session may take place is not decided by
 * its reminder.
 */
export interface ConsentWithdrawals {
  readonly procedures: readonly string[];
  /** What they follow from: a consent that is entered late may have been signed before the withdrawal. */
  readonly consultation?: ConsultationState;
}

export const consultationWithdrawals = {
  initial: { procedures: [] } as ConsentWithdrawals,
  evolve: (
    { consultation: before = consultationFold.initial }: ConsentWithdrawals,
    event: RecordedEvent<ConsultationEvent>,
  ): ConsentWithdrawals => {
    const consultation = consultationFold.evolve(before, event);
    if (consultation.status === 'none') return { procedures: [], consultation };
    const { consents, withdrawals = [] } = consultation;
    const isGiven = (procedure: string) => consents.some((each) => each.procedure === procedure && !each.withdrawnOn);
    const procedures = withdrawals.map(({ procedure }) => procedure).filter((procedure) => !isGiven(procedure));
    return { procedures: [...new Set(procedures)], consultation };
  },
};
