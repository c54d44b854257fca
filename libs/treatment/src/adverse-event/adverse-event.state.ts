import type { Erased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { AdverseEventEvent, AdverseEventOutcome, Causality } from './adverse-event.events.js';

export type AdverseEventSeverity = 'mild' | 'moderate' | 'severe';

/** An adverse event as the patient's stream has it. */
export interface AdverseEventState {
  readonly adverseEventId: string;
  readonly status: 'open' | 'closed';
  /**
   * `follow-up`: the follow-up of that id opened it, and its kind and site stand in the stream of the course; here is
   * only what was done about it since.
   */
  readonly source: 'report' | 'follow-up';
  readonly courseId: string | null;
  readonly sessionId: string | null;
  readonly followUpId: string | null;
  /** Null where the follow-up says it. */
  readonly siteId: string | null;
  readonly kind: string | null;
  readonly severity: AdverseEventSeverity | null;
  readonly causality: Causality | null;
  readonly ownerId: string | null;
  readonly onsetOn: LocalDate | null;
  /** The last day on which it is to be reported to the authority. */
  readonly reportBy: LocalDate | null;
  readonly reportedToAuthority: { readonly on: LocalDate; readonly reference: string } | null;
  /** What was done about it, as it was assessed last; personal. */
  readonly actions: readonly string[] | Erased | null;
  /** How it was closed last; stays when it is opened again. */
  readonly closure: { readonly physicianId: string; readonly outcome: AdverseEventOutcome } | null;
  /** When it was recorded that it had come; null where the follow-up says when it found it. */
  readonly reportedAt: Instant | null;
  /** Every time that a physician closed it, and when it was opened again; in their order. */
  readonly closings: readonly Closing[];
}

interface Closing {
  readonly closedAt: Instant;
  /** Null: it was not. */
  readonly reopenedAt: Instant | null;
}

/** Whether a physician had closed it by a time, and nobody had opened it again. */
export const isClosedAt = ({ closings }: Pick<AdverseEventState, 'closings'>, instant: Instant): boolean =>
  closings.some(({ closedAt, reopenedAt }) => closedAt <= instant && (reopenedAt === null || instant < reopenedAt));

/**
 * The adverse events of a patient after one more event. What is done about one that no report and no follow-up opened
 * (its report was taken back) changes nothing.
 */
export function evolveAdverseEvents(
  known: readonly AdverseEventState[],
  event: RecordedEvent<AdverseEventEvent>,
): readonly AdverseEventState[] {
  if (event.type === 'AdverseEventReported') return [...known, reported(event.data, event.recordedAt)];
  const { adverseEventId } = event.data;
  const present = known.find((each) => each.adverseEventId === adverseEventId) ?? ofFollowUp(event.data);
  if (!present) return known;
  const changed = evolve(present, event);
  return known.includes(present) ? known.map((each) => (each === present ? changed : each)) : [...known, changed];
}

function evolve(
  state: AdverseEventState,
  event: Exclude<RecordedEvent<AdverseEventEvent>, { type: 'AdverseEventReported' }>,
): AdverseEventState {
  switch (event.type) {
    case 'AdverseEventAssessed': {
      const { causality, severity, ownerId, reportBy, actions } = event.data;
      return { ...state, causality, severity, ownerId, reportBy, actions };
    }
    case 'AdverseEventReportedToAuthority': {
      const { on, reference } = event.data;
      return { ...state, reportedToAuthority: { on, reference } };
    }
    case 'AdverseEventClosed': {
      const { physicianId, outcome } = event.data;
      const closing = { closedAt: event.occurredAt.instant, reopenedAt: null };
      return {
        ...state,
        status: 'closed',
        closure: { physicianId, outcome },
        closings: [...reopened(state.closings, closing.closedAt), closing],
      };
    }
    case 'AdverseEventReopened':
      return { ...state, status: 'open', closings: reopened(state.closings, event.occurredAt.instant) };
    default:
      return assertNever(event, 'adverse event');
  }
}

/** What is closed again was closed until then. */
const reopened = (closings: readonly Closing[], at: Instant): readonly Closing[] =>
  closings.map((each) => (each.reopenedAt === null ? { ...each, reopenedAt: at } : each));

type DataOf<Type extends AdverseEventEvent['type']> = Extract<AdverseEventEvent, { type: Type }>['data'];

function reported(data: DataOf<'AdverseEventReported'>, reportedAt: Instant): AdverseEventState {
  const { adverseEventId, courseId, sessionId, followUpId, siteId } = data;
  const { kind, severity, causality, ownerId, onsetOn, reportBy } = data;
  return {
    adverseEventId,
    status: 'open',
    source: 'report',
    courseId,
    sessionId,
    followUpId,
    siteId,
    kind,
    severity,
    causality,
    ownerId,
    onsetOn,
    reportBy,
    reportedToAuthority: null,
    actions: null,
    closure: null,
    reportedAt,
    closings: [],
  };
}

function ofFollowUp(data: AdverseEventEvent['data']): AdverseEventState | undefined {
  const { adverseEventId, courseId, followUpId } = data;
  if (followUpId !== adverseEventId) return undefined;
  return {
    adverseEventId,
    status: 'open',
    source: 'follow-up',
    courseId,
    sessionId: null,
    followUpId,
    siteId: null,
    kind: null,
    severity: null,
    causality: null,
    ownerId: null,
    onsetOn: null,
    reportBy: null,
    reportedToAuthority: null,
    actions: null,
    closure: null,
    reportedAt: null,
    closings: [],
  };
}
