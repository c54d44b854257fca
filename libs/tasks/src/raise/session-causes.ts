import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { dateOfWall, type Instant } from '#libs/kernel/src/zoned-time.js';
import type { KnownMessage, MessageEvent } from '#libs/messaging/src/message.contract.js';
import type {
  CourseEvent,
  PatientState,
  PerformedSession,
  PlannedCourse,
} from '#libs/treatment/src/streams.contract.js';
import type { AdverseEventState, PatientEvent } from '#libs/treatment/src/tasks.contract.js';
import type { TaskSeverity, WithdrawalReason } from '../task/task.events.js';
import type { JudgedCause } from './judged-cause.js';
import { lastReply, taskOf } from './message-causes.js';
import { after, earlier, later } from './task-severity.js';

/** So long a patient with an adverse event may take to say how it is going. */
export const ANSWER_HOURS = 48;

/** The course of a message as it reads now, corrections applied. */
export interface CourseRecord {
  readonly course: PlannedCourse;
  readonly events: readonly RecordedEvent<CourseEvent>[];
}
export interface PatientRecord {
  readonly patient: PatientState;
  readonly events: readonly RecordedEvent<PatientEvent>[];
}

/** Kinds that announce a session and can be answered with no. */
const ANNOUNCES: ReadonlySet<string> = new Set(['session-reminder', 'session-moved']);

/** Whether the course has a say in what the message asks of a person. */
export const asksOfCourse = ({ planned }: KnownMessage, events: readonly RecordedEvent<MessageEvent>[]): boolean =>
  planned.cause.kind === 'session' &&
  (planned.kind === 'check-in' || (ANNOUNCES.has(planned.kind) && lastReply(events, 'cancel') !== undefined));

/** A patient who cannot come, until the session has another time or none, or they come after all. */
export function cannotCome(
  events: readonly RecordedEvent<MessageEvent>[],
  message: KnownMessage,
  { course, events: ofCourse }: CourseRecord,
): JudgedCause[] {
  const { messageId, kind, cause } = message.planned;
  const said = lastReply(events, 'cancel');
  if (!said || cause.kind !== 'session' || !ANNOUNCES.has(kind)) return [];
  const { sessionId } = cause;
  const session = course.sessions.find((each) => each.sessionId === sessionId);
  const isMoved = ofCourse.some(
    ({ type, data, position }) =>
      type === 'SessionRescheduled' && data.sessionId === sessionId && position > said.position,
  );
  const comes = lastReply(events, 'cancel', 'confirm') !== said;
  const stands = !comes && !isMoved && session?.status === 'booked' && course.status === 'active';
  const task = taskOf(message, 'high', said.recordedAt);
  // Whoever could have the time must be asked before it is over.
  const begins = session?.bookedFor?.instant ?? task.dueBy;
  const dueBy = later(said.recordedAt, earlier(task.dueBy, begins));
  return [
    {
      cause: { kind: 'cannot-come', messageId, sessionId },
      task: stands ? { ...task, dueBy } : null,
      ...{ saidAt: said.position, gone: comes ? 'patient-comes' : 'session-changed' },
    },
  ];
}

/** An adverse event of the session that the patient was asked about, and no word from them for two days. */
export function checkInUnanswered(
  events: readonly RecordedEvent<MessageEvent>[],
  message: KnownMessage,
  { course, patient, now }: { readonly course: CourseRecord; readonly patient: PatientRecord; readonly now: Instant },
): JudgedCause[] {
  const { messageId, kind, cause } = message.planned;
  if (kind !== 'check-in' || cause.kind !== 'session' || message.status !== 'sent') return [];
  const { sessionId } = cause;
  const found = adverseEventsAfter(sessionId, course, patient);
  const open = found.filter((each) => each.isOpen);
  const isAnswered = lastReply(events, 'well', 'worried', 'other', 'confirm', 'cancel') !== undefined;
  const silentSince = after(message.sentAt, ANSWER_HOURS);
  const stands = open.length > 0 && !isAnswered && now >= silentSince;
  const severity: TaskSeverity = open.some((each) => each.severity === 'severe') ? 'urgent' : 'high';
  const since = open.reduce((instant, each) => later(instant, each.saidOn), silentSince);
  return [
    {
      cause: { kind: 'check-in-unanswered', messageId, sessionId },
      task: stands ? taskOf(message, severity, since) : null,
      saidAt: Math.max(
        events.findLast(({ type }) => type === 'MessageSent')?.position ?? 0,
        ...open.map((e) => e.saidAt),
      ),
      gone: whyGone(isAnswered, found.length > 0),
    },
  ];
}

function whyGone(isAnswered: boolean, isOnRecord: boolean): WithdrawalReason {
  if (isAnswered) return 'answered';
  return isOnRecord ? 'adverse-event-closed' : 'cause-retracted';
}

interface FoundAdverseEvent {
  readonly isOpen: boolean;
  readonly severity: AdverseEventState['severity'];
  /** The event that opened it last. */
  readonly saidAt: number;
  readonly saidOn: Instant;
}

/** What came after a session: reported for it, or for the course or by a follow-up when it was the latest session. */
function adverseEventsAfter(
  sessionId: string,
  { course, events: ofCourse }: CourseRecord,
  { patient, events: ofPatient }: PatientRecord,
): FoundAdverseEvent[] {
  const done = patient.status === 'none' ? [] : patient.adverseEvents;
  const reported = done.filter((each) => {
    if (each.source !== 'report') return false;
    if (each.sessionId !== null) return each.sessionId === sessionId;
    const onsetOn = each.onsetOn ?? '';
    return each.courseId === course.courseId && latest(course, (at) => dateOfWall(at.wall) <= onsetOn) === sessionId;
  });
  const followUps = course.followUps.filter(
    ({ adverseEvent, at }) =>
      adverseEvent !== undefined && latest(course, ({ instant }) => instant <= at.instant) === sessionId,
  );
  return [
    ...reported.map((each) => ({
      isOpen: each.status === 'open',
      severity: each.severity,
      ...said(ofPatient.filter((event) => opens(event, each.adverseEventId))),
    })),
    ...followUps.map(({ followUpId, adverseEvent }) => {
      const judged = done.find(({ adverseEventId }) => adverseEventId === followUpId);
      return {
        isOpen: judged?.status !== 'closed',
        severity: judged?.severity ?? ((adverseEvent?.severity ?? null) as AdverseEventState['severity']),
        ...said([
          ...ofCourse.filter(({ type, data }) => type === 'FollowUpHeld' && data.followUpId === followUpId),
          ...ofPatient.filter((event) => opens(event, followUpId)),
        ]),
      };
    }),
  ];
}

const OPENING: ReadonlySet<string> = new Set(['AdverseEventReported', 'AdverseEventReopened']);
const opens = ({ type, data }: RecordedEvent<PatientEvent>, id: string): boolean =>
  OPENING.has(type) && (data as { readonly adverseEventId?: string }).adverseEventId === id;

function said(events: readonly RecordedEvent[]): { readonly saidAt: number; readonly saidOn: Instant } {
  const last = events.reduce<RecordedEvent | undefined>(
    (latestOne, event) => (latestOne && latestOne.position > event.position ? latestOne : event),
    undefined,
  );
  return { saidAt: last?.position ?? 0, saidOn: last?.recordedAt ?? '' };
}

/** The latest performed session among some, by its id. */
function latest(course: PlannedCourse, isAmong: (at: PerformedSession['at']) => boolean): string | undefined {
  const among = course.sessions.filter(
    (session): session is PerformedSession => session.status === 'performed' && isAmong(session.at),
  );
  return among.sort((a, b) => (a.at.instant < b.at.instant ? -1 : 1)).at(-1)?.sessionId;
}
