import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { categoryOf, type KnownMessage, type MessageEvent } from '#libs/messaging/src/message.contract.js';
import type { TaskSeverity } from '../task/task.events.js';
import type { RaisedTask } from '../task/task.state.js';
import type { JudgedCause } from './judged-cause.js';
import { dueByOf } from './task-severity.js';

type Replied = RecordedEvent<Extract<MessageEvent, { type: 'MessageReplied' }>>;
type Meaning = Replied['data']['meaning'];
type History = readonly RecordedEvent<MessageEvent>[];

/** The last reply that has one of some meanings. */
export const lastReply = (events: History, ...meanings: Meaning[]): Replied | undefined =>
  events.findLast(
    (event): event is Replied => event.type === 'MessageReplied' && meanings.includes(event.data.meaning),
  );

/** A task about a message, for whoever sees to the patient at its site. */
export function taskOf(
  { planned: { siteId, patientId, courseId } }: Pick<KnownMessage, 'planned'>,
  severity: TaskSeverity,
  since: Instant,
): Omit<RaisedTask, 'taskId' | 'cause'> {
  return { siteId, patientId, courseId, severity, dueBy: dueByOf(severity, since) };
}

/** What follows from the message alone: what the patient answered, and that nobody knows whether it arrived. */
export function causesInMessage(events: History, message: KnownMessage): JudgedCause[] {
  return [...worried(events, message), ...toRead(events, message), ...fate(events, message)];
}

/** Until the patient says that all is well. */
function worried(events: History, message: KnownMessage): JudgedCause[] {
  const said = lastReply(events, 'worried');
  if (!said) return [];
  const stands = lastReply(events, 'worried', 'well') === said;
  return [
    {
      cause: { kind: 'worried', messageId: message.planned.messageId },
      task: stands ? taskOf(message, 'urgent', said.recordedAt) : null,
      ...{ saidAt: said.position, gone: 'answered' },
    },
  ];
}

/** Words are read by a person, whatever is answered after them. */
function toRead(events: History, message: KnownMessage): JudgedCause[] {
  const said = events.findLast(
    (event): event is Replied =>
      event.type === 'MessageReplied' && event.data.meaning === 'other' && event.data.via === 'sms',
  );
  if (!said) return [];
  return [
    {
      cause: { kind: 'reply-to-read', messageId: message.planned.messageId },
      task: taskOf(message, 'high', said.recordedAt),
      ...{ saidAt: said.position, gone: 'answered' },
    },
  ];
}

/** An invitation that is lost is lost; anything else is told by a person, or looked after. */
function fate(events: History, message: KnownMessage): JudgedCause[] {
  const category = categoryOf(message.planned.kind);
  if (category === 'recall') return [];
  const severity = category === 'clinical' ? 'high' : 'normal';
  const judged = (kind: 'message-unknown' | 'message-failed', type: MessageEvent['type'], stands: boolean) => {
    const said = events.findLast((event) => event.type === type);
    if (!said) return [];
    const { messageId } = message.planned;
    const task = stands ? taskOf(message, severity, said.recordedAt) : null;
    const gone = message.status === 'sent' ? ('message-sent' as const) : ('message-reopened' as const);
    return [{ cause: { kind, messageId }, task, saidAt: said.position, gone }];
  };
  return [
    ...judged('message-unknown', 'MessageOutcomeUnknown', message.status === 'unknown'),
    ...judged('message-failed', 'MessageFailed', message.status === 'failed'),
  ];
}
