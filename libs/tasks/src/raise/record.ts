import { type SlotEvent, slotStream } from '#libs/booking/src/booking.contract.js';
import { type UserEvent, userStream } from '#libs/access/src/user/user.contract.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { type MessageEvent, messageFold, messageStream } from '#libs/messaging/src/message.contract.js';
import {
  type CourseEvent,
  courseFold,
  type CourseState,
  courseStream,
  patientFold,
  type PatientState,
  patientStream,
} from '#libs/treatment/src/streams.contract.js';
import {
  type PatientEvent,
  type RecallEvent,
  recallFold,
  type RecallState,
  recallStreamOf,
  type TouchedSite,
} from '#libs/treatment/src/tasks.contract.js';
import { type TaskCause, type TaskEvent, taskStream, type WithdrawalReason } from '../task/task.events.js';
import { taskFold, type TaskState } from '../task/task.state.js';
import type { JudgedCause, ReadStream } from './judged-cause.js';
import { causesInMessage } from './message-causes.js';
import { asksOfCourse, cannotCome, checkInUnanswered } from './session-causes.js';
import { dueByOf, earlier, later } from './task-severity.js';

interface Folding<State, E extends NewEvent> {
  readonly initial: State;
  evolve(state: State, event: RecordedEvent<E>): State;
}

/** A stream as it reads now, corrections applied. */
async function folded<State, E extends NewEvent>(
  read: ReadStream,
  stream: string,
  { initial, evolve }: Folding<State, E>,
) {
  const recorded = (await read<NewEvent>(stream)) as readonly RecordedEvent[];
  const events = effectiveHistory(recorded) as readonly unknown[] as readonly RecordedEvent<E>[];
  return { events, state: events.reduce<State>((state, event) => evolve(state, event), initial) };
}

/** A task as it stands. */
export const readTask = async (read: ReadStream, taskId: string): Promise<TaskState> =>
  (await folded<TaskState, TaskEvent>(read, taskStream(taskId), taskFold)).state;

/**
 * Everything that a message may ask of a person, whether it does now or not.
 * @param now by the chain's clock; asked when something was read
 */
export async function judgeMessage(read: ReadStream, messageId: string, now: () => Instant): Promise<JudgedCause[]> {
  const events = await read<MessageEvent>(messageStream(messageId));
  const message = events.reduce(messageFold.evolve, messageFold.initial);
  if (message.status === 'none') return [];
  const alone = causesInMessage(events, message);
  if (!asksOfCourse(message, events)) return alone;
  const course = await folded<CourseState, CourseEvent>(read, courseStream(message.planned.courseId), courseFold);
  if (course.state.status === 'none') return alone;
  const record = { course: course.state, events: course.events };
  if (message.planned.kind !== 'check-in') return [...alone, ...cannotCome(events, message, record)];
  const { state, events: ofPatient } = await folded<PatientState, PatientEvent>(
    read,
    patientStream(message.planned.patientId),
    patientFold,
  );
  const patient = { patient: state, events: ofPatient };
  return [...alone, ...checkInUnanswered(events, message, { course: record, patient, now: now() })];
}

/** What a recall asks of a site: one task for all of its patients and sessions. */
export async function judgeRecall(
  read: ReadStream,
  recallId: string,
  { siteId, planned, notTold }: TouchedSite,
): Promise<JudgedCause> {
  const { state, events } = await folded<RecallState, RecallEvent>(read, recallStreamOf(recallId), recallFold);
  const said = events.findLast(({ type }) => type === 'LotRecalled');
  const stands = state.status === 'recalled' && said !== undefined && planned + notTold > 0;
  const severity = 'urgent';
  return {
    cause: { kind: 'lot-recalled', recallId, siteId },
    task: stands ? { siteId, severity, dueBy: dueByOf(severity, said.recordedAt) } : null,
    saidAt: said?.position ?? 0,
    gone: whyNoRecall(state),
  };
}

function whyNoRecall({ status }: RecallState): WithdrawalReason {
  if (status === 'none') return 'cause-retracted';
  return status === 'lifted' ? 'recall-lifted' : 'nothing-left';
}

/** What ends the calling of a patient about a window: it is booked all the same, or there is nothing to book. */
const ENDS: Partial<Record<CourseEvent['type'], WithdrawalReason>> = {
  ...{ SessionBooked: 'booked', SessionPerformed: 'booked', MaintenanceDeclined: 'declined' },
  ...{ CourseStopped: 'course-over', CourseLapsed: 'course-over', MaintenanceProposed: 'course-over' },
};

function endsWindow({ type, data }: CourseEvent, ordinal: number): boolean {
  if (type === 'SessionBooked' || type === 'SessionPerformed') return data.kind === 'maintenance';
  if (type === 'MaintenanceProposed') return data.ordinal > ordinal;
  return ENDS[type] !== undefined;
}

/** Everything that a time held for a patient, or that none could be, may ask of a person. */
export async function judgeSlot(read: ReadStream, slotId: string): Promise<JudgedCause[]> {
  const events = await read<SlotEvent>(slotStream(slotId));
  const last = <Type extends SlotEvent['type']>(...types: Type[]) =>
    events.findLast((event): event is RecordedEvent<Extract<SlotEvent, { type: Type }>> =>
      (types as string[]).includes(event.type),
    );
  const courseId = events[0]?.data.courseId;
  if (courseId === undefined) return [];
  const course = await folded<CourseState, CourseEvent>(read, courseStream(courseId), courseFold);
  const [held, exhausted] = [last('SlotHeld'), last('SlotsExhausted')];
  const [accepted, late] = [last('SlotAccepted'), last('SlotAnsweredLate')];
  const judged: JudgedCause[] = [];
  if (exhausted) {
    const { ordinal, siteId, patientId } = exhausted.data;
    const task = { siteId, patientId, courseId, severity: 'normal' as const };
    judged.push(
      untilBooked(
        { kind: 'booking-gave-up', slotId, ordinal },
        { task, said: exhausted, ordinal, course: course.events },
      ),
    );
  }
  if (late && held) {
    const { siteId, patientId } = late.data;
    const task = { siteId, patientId, courseId, severity: 'high' as const };
    const { ordinal } = held.data;
    judged.push(
      untilBooked({ kind: 'booking-answered-late', slotId }, { task, said: late, ordinal, course: course.events }),
    );
  }
  if (accepted && held) {
    const { siteId, patientId, at } = held.data;
    const settled = last('SlotAccepted', 'SlotConfirmed', 'SlotReleased');
    const severity = 'high';
    const dueBy = later(accepted.recordedAt, earlier(dueByOf(severity, accepted.recordedAt), at.instant));
    judged.push({
      cause: { kind: 'booking-to-confirm', slotId },
      task: settled === accepted ? { siteId, patientId, courseId, severity, dueBy } : null,
      ...{ saidAt: accepted.position, gone: settled?.type === 'SlotConfirmed' ? 'booked' : 'slot-released' },
    });
  }
  return judged;
}

/** What the opening of a record asks of the patient's site. Where no site had to do with the patient, nobody is asked here. */
export async function judgeOpening(
  read: ReadStream,
  { openingId, userId }: { readonly openingId: string; readonly userId: string },
): Promise<JudgedCause | undefined> {
  const events = await read<UserEvent>(userStream(userId));
  const broken = events.find((event) => event.type === 'GlassBroken' && event.data.openingId === openingId);
  const siteId = broken?.header.site;
  if (broken?.type !== 'GlassBroken' || siteId === undefined) return undefined;
  const isReviewed = events.some((event) => event.type === 'GlassReviewed' && event.data.openingId === openingId);
  const severity = 'high';
  const { patientId } = broken.data;
  return {
    cause: { kind: 'glass-broken', openingId, userId },
    task: isReviewed ? null : { siteId, patientId, severity, dueBy: dueByOf(severity, broken.recordedAt) },
    ...{ saidAt: broken.position, gone: 'reviewed' },
  };
}

interface Calling {
  readonly task: Omit<NonNullable<JudgedCause['task']>, 'dueBy'>;
  /** The event that asks for it. */
  readonly said: RecordedEvent;
  readonly ordinal: number;
  readonly course: readonly RecordedEvent<CourseEvent>[];
}

/** Somebody calls the patient, unless the course has said since that there is nothing to book any more. */
function untilBooked(cause: TaskCause, { task, said, ordinal, course }: Calling): JudgedCause {
  const end = course.find((event) => event.position > said.position && endsWindow(event, ordinal));
  return {
    cause,
    task: end ? null : { ...task, dueBy: dueByOf(task.severity, said.recordedAt) },
    ...{ saidAt: said.position, gone: (end && ENDS[end.type]) ?? 'booked' },
  };
}
