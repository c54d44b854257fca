import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const taskStream = (taskId: string) => `task-${taskId}`;

/** What somebody has to see to. It names where the reason stands, and holds no words of a person. */
export const taskCauseSchema = z.discriminatedUnion('kind', [
  /** A patient answered a check-in: something worries them. */
  z.strictObject({ kind: z.literal('worried'), messageId: z.uuid() }),
  /** A patient wrote something that no program understands. */
  z.strictObject({ kind: z.literal('reply-to-read'), messageId: z.uuid() }),
  /** After an adverse event the patient was asked how it is going, and has not answered. */
  z.strictObject({ kind: z.literal('check-in-unanswered'), messageId: z.uuid(), sessionId: z.uuid() }),
  /** A lot was recalled that sessions of the site are planned with, or whose patients nobody has told. */
  z.strictObject({ kind: z.literal('lot-recalled'), recallId: z.uuid(), siteId: z.uuid() }),
  /** Nobody knows whether the message was sent. */
  z.strictObject({ kind: z.literal('message-unknown'), messageId: z.uuid() }),
  z.strictObject({ kind: z.literal('message-failed'), messageId: z.uuid() }),
  /** A patient answered a reminder: they cannot come. */
  z.strictObject({ kind: z.literal('cannot-come'), messageId: z.uuid(), sessionId: z.uuid() }),
  /** A maintenance session could not be booked with the patient in as many tries as the site allows. */
  z.strictObject({
    kind: z.literal('booking-gave-up'),
    slotId: z.uuid(),
    /** Of the window. */
    ordinal: z.number().int().positive(),
  }),
  /** The patient has agreed to a time, and somebody of the staff is to confirm it. */
  z.strictObject({ kind: z.literal('booking-to-confirm'), slotId: z.uuid() }),
  /** The patient has agreed to a time that was not held any more. */
  z.strictObject({ kind: z.literal('booking-answered-late'), slotId: z.uuid() }),
  /** Somebody of another site has opened the patient's record in an emergency, and nobody has looked at it yet. */
  z.strictObject({ kind: z.literal('glass-broken'), openingId: z.uuid(), userId: z.uuid() }),
]);
export type TaskCause = z.infer<typeof taskCauseSchema>;
export type TaskKind = TaskCause['kind'];
export const TASK_KINDS = taskCauseSchema.options.map(({ shape }) => shape.kind.value) as [TaskKind, ...TaskKind[]];

/** The same for the same cause, in whatever order its fields came back from a database. */
export function causeKey(cause: TaskCause): string {
  const { kind, ...subject } = cause;
  const named = Object.entries(subject).sort(([a], [b]) => (a < b ? -1 : 1));
  return [kind, ...named.map(([, value]) => String(value))].join(' ');
}

/** One task for each cause of a chain, whoever finds it and how often. */
export const taskIdOf = (chainId: Id, cause: TaskCause): Id => derivedId(chainId, `task ${causeKey(cause)}`);

export const taskSeveritySchema = z.enum(['urgent', 'high', 'normal']);
export type TaskSeverity = z.infer<typeof taskSeveritySchema>;

/** Who it was: as the request says, and the practitioner, where one was named. */
export const taskBySchema = z.strictObject({ actor: z.string().min(1), practitionerId: z.uuid().nullable() });
export type TaskBy = z.infer<typeof taskBySchema>;

const ofTask = { taskId: z.uuid() };

/** Version 2 knows one cause more; what was raised before says the same. */
export const TaskRaised = eventType('TaskRaised', {
  version: 2,
  upcasters: [(data) => data],
  schema: z.strictObject({
    ...ofTask,
    siteId: z.uuid(),
    /** Left out where it is about no single patient, or course. */
    patientId: z.uuid().optional(),
    courseId: z.uuid().optional(),
    cause: taskCauseSchema,
    severity: taskSeveritySchema,
    dueBy: instantSchema,
  }),
});

export const TaskTaken = eventType('TaskTaken', { schema: z.strictObject({ ...ofTask, by: taskBySchema }) });

/** What somebody wrote down about it; only of a task that is about a patient, whose key closes the words. */
export const TaskNoted = eventType('TaskNoted', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofTask,
    patientId: z.uuid(),
    by: taskBySchema,
    note: personal('clinical', z.string().min(1)),
  }),
});

export const taskOutcomeSchema = z.enum([
  'patient-spoken-to',
  'patient-not-reached',
  'physician-informed',
  'booked-anew',
  'sent-otherwise',
  'patients-told',
  'nothing-to-do',
  'other',
]);
export type TaskOutcome = z.infer<typeof taskOutcomeSchema>;

/** Somebody has seen to it. Words about it stand in a note before it. */
export const TaskDone = eventType('TaskDone', {
  schema: z.strictObject({ ...ofTask, by: taskBySchema, outcome: taskOutcomeSchema }),
});

export const withdrawalReasonSchema = z.enum([
  /** The patient has answered since: all is well, or it is said in another task. */
  'answered',
  'adverse-event-closed',
  /** The entry that it rests on was taken back. */
  'cause-retracted',
  'recall-lifted',
  /** No session is planned with the lot any more, and everybody was told. */
  'nothing-left',
  /** The message was sent, as it turned out. */
  'message-sent',
  /** Somebody let the message go again. */
  'message-reopened',
  /** The patient comes after all. */
  'patient-comes',
  /** The session has another time, or none, or is over. */
  'session-changed',
  'booked',
  /** The time is not held any more. */
  'slot-released',
  'declined',
  'course-over',
  /** Somebody has looked at it, and said what they found. */
  'reviewed',
]);
export type WithdrawalReason = z.infer<typeof withdrawalReasonSchema>;

/** Its cause is gone before anybody had seen to it. */
export const TaskWithdrawn = eventType('TaskWithdrawn', {
  version: 2,
  upcasters: [(data) => data],
  schema: z.strictObject({ ...ofTask, reason: withdrawalReasonSchema }),
});

export const TASK_EVENTS = [TaskRaised, TaskTaken, TaskNoted, TaskDone, TaskWithdrawn] as const;
export type TaskEvent = EventOf<(typeof TASK_EVENTS)[number]>;
