import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { ConsultationEvent } from '#libs/treatment/src/streams.contract.js';

/**
 * The procedures of a consultation to which consent was withdrawn and not given again. A consent that was never given is
 * something else: old histories have courses without one, and whether such a session may take place is not decided by
 * its reminder.
 */
export interface ConsentWithdrawals {
  readonly procedures: readonly string[];
}

export const consultationWithdrawals = {
  initial: { procedures: [] } as ConsentWithdrawals,
  evolve: ({ procedures }: ConsentWithdrawals, event: RecordedEvent<ConsultationEvent>): ConsentWithdrawals => {
    switch (event.type) {
      case 'ConsentWithdrawn':
        return { procedures: [...procedures, event.data.procedure] };
      case 'ConsentSigned':
        return { procedures: procedures.filter((procedure) => procedure !== event.data.procedure) };
      case 'ConsultationHeld':
      case 'ConsultationNoted':
      case 'QuestionnaireAnswered':
      case 'ProductsConsidered':
      case 'TestRequested':
      case 'TestResultRecorded':
      case 'ContraindicationOverridden':
      case 'ConsultationConcluded':
        return { procedures };
    }
  },
};
