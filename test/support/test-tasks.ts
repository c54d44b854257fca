import type { Chain } from '../../libs/event-store/src/chains.js';
import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import { ACCESS_EVENT_TYPES } from '../../libs/access/src/access.event-types.js';
import { BOOKING_EVENT_TYPES } from '../../libs/booking/src/booking.event-types.js';
import {
  MessageAttempted,
  MessageFailed,
  MessageOutcomeUnknown,
  type MessageKind,
  MessagePlanned,
  MessageReopened,
  MessageReplied,
  MessageSent,
  messageStream,
  type ReplyMeaning,
} from '../../libs/messaging/src/message/message.events.js';
import { MESSAGING_EVENT_TYPES } from '../../libs/messaging/src/messaging.event-types.js';
import type { Projections } from '../../libs/projections/src/projections.js';
import { TASKS_EVENT_TYPES } from '../../libs/tasks/src/tasks.event-types.js';
import { openTasks, type Tasks } from '../../libs/tasks/src/tasks.js';
import type { TaskView } from '../../libs/tasks/src/tasks/task.views.js';
import {
  AdverseEventClosed,
  AdverseEventReopened,
  AdverseEventReported,
} from '../../libs/treatment/src/adverse-event/adverse-event.events.js';
import { courseStream } from '../../libs/treatment/src/course/course.events.js';
import { patientStream } from '../../libs/treatment/src/patient/patient.events.js';
import { TREATMENT_EVENT_TYPES } from '../../libs/treatment/src/treatment.event-types.js';
import { treatmentProjections } from '../../libs/treatment/src/treatment.projections.js';
import { openTestEngine, type StreamOfEvents, type TestEngine } from './test-engine.js';
import { CourseHistory, patient, practitioner, site, zoned } from './treatment-history.js';

const EVENT_TYPES = [
  ...TREATMENT_EVENT_TYPES,
  ...MESSAGING_EVENT_TYPES,
  ...BOOKING_EVENT_TYPES,
  ...TASKS_EVENT_TYPES,
  ...ACCESS_EVENT_TYPES,
];

/** Tasks as a process has them, on a database of its own. */
export interface TestTasks extends Tasks {
  readonly engine: TestEngine;
  readonly projections: Projections;
  close(): Promise<void>;
}

/** @param following whether reactor and read models follow the log by themselves */
export async function openTestTasks({ following = true } = {}): Promise<TestTasks> {
  const engine = await openTestEngine(EVENT_TYPES);
  const tasks = await openTasks(engine);
  const projections = await engine.projections([...treatmentProjections(engine), ...tasks.works]);
  if (following) projections.start();
  return {
    ...{ ...tasks, engine, projections },
    close: async () => {
      await projections.stop();
      await engine.close();
    },
  };
}

export interface Planned {
  readonly messageId: string;
  readonly sessionId: string;
}

/** A chain with a patient and her course, and messages as if they had been sent. */
export class TaskWorld {
  readonly of = { site: newId(), patient: newId(), practitioner: newId() };
  readonly course = new CourseHistory(this.of);

  readonly performed = newId();
  readonly booked = newId();

  private constructor(
    private readonly tasks: TestTasks,
    readonly chain: Chain,
  ) {}

  static async open(tasks: TestTasks): Promise<TaskWorld> {
    const world = new TaskWorld(tasks, await tasks.engine.newChain());
    const { of, course, performed, booked } = world;
    course.performed('2026-05-10T14:00', { id: performed }).booked('2026-05-30T14:00', { id: booked, number: 2 });
    await world.append(
      ...[site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), ...course.streams()],
    );
    return world;
  }

  append = (...streams: readonly StreamOfEvents[]): Promise<void> => this.tasks.engine.append(this.chain, streams);

  /** Says something in the course's, or the patient's, stream. */
  tellCourse = (...events: NewEvent[]): Promise<void> => this.append({ stream: courseStream(this.course.id), events });
  tellPatient = (...events: NewEvent[]): Promise<void> =>
    this.append({ stream: patientStream(this.of.patient), events });
  tell = (messageId: string, ...events: NewEvent[]): Promise<void> =>
    this.append({ stream: messageStream(messageId), events });

  now = (): Promise<string> => this.tasks.engine.chains.now(this.chain);

  async pass(hours: number): Promise<void> {
    const to = new Date(Date.parse(await this.now()) + hours * 3_600_000).toISOString();
    await this.tasks.engine.chains.advanceTo(this.chain, to);
  }

  plannedEvent(messageId: string, kind: MessageKind, sessionId: string): NewEvent {
    const due = zoned('2026-05-13T14:00');
    return MessagePlanned(occurredNow(due.instant), {
      ...{ messageId, kind, courseId: this.course.id, patientId: this.of.patient, siteId: this.of.site },
      cause: kind.startsWith('maintenance')
        ? { kind: 'maintenance-window', ordinal: 1 }
        : { kind: 'session', sessionId },
      ...{ generation: 0, due, expiresAt: '2026-12-31T00:00:00.000Z', facts: [] },
    });
  }

  /** A message that a provider was called for. */
  async attempted(kind: MessageKind, sessionId = this.booked): Promise<string> {
    const messageId = newId();
    await this.tell(messageId, this.plannedEvent(messageId, kind, sessionId), attempted(messageId, 1));
    return messageId;
  }

  async sent(kind: MessageKind, sessionId?: string): Promise<string> {
    const messageId = await this.attempted(kind, sessionId);
    await this.tell(messageId, sent(messageId, await this.now()));
    return messageId;
  }

  replied = (messageId: string, meaning: ReplyMeaning, text: string | null = null): NewEvent =>
    MessageReplied(occurredNow('2026-05-14T00:00:00.000Z'), {
      ...{ messageId, patientId: this.of.patient, meaning, via: text === null ? 'link' : 'sms', text },
    });

  async reply(messageId: string, meaning: ReplyMeaning, text: string | null = null): Promise<void> {
    await this.tell(messageId, this.replied(messageId, meaning, text));
  }

  adverseEvent(
    id: string,
    options: { readonly sessionId?: string | null; readonly severity?: 'moderate' | 'severe' } = {},
  ) {
    const { sessionId = this.performed, severity = 'moderate' } = options;
    const { site: siteId, patient: patientId, practitioner: practitionerId } = this.of;
    const named = { patientId, adverseEventId: id, courseId: this.course.id, followUpId: null };
    const at = occurredNow('2026-05-11T00:00:00.000Z', 'day');
    const dates = { onsetOn: '2026-05-11', reportBy: '2026-05-21' };
    return {
      reported: AdverseEventReported(at, {
        ...{ ...named, sessionId, siteId, kind: 'infection', severity, causality: null, ownerId: practitionerId },
        ...{ ...dates, description: 'red and warm' },
      }),
      closed: AdverseEventClosed(at, { ...named, physicianId: practitionerId, outcome: 'recovered', note: 'gone' }),
      reopened: AdverseEventReopened(at, { ...named, practitionerId, reason: 'it came back' }),
    };
  }

  /** Everything that has happened so far is followed, by the reactor and by what it looks at. */
  async follow(): Promise<void> {
    const { projections } = this.tasks;
    await projections.waitForHead(this.chain, 20_000);
    // What the raiser wrote has come to the list, too.
    await projections.waitForHead(this.chain, 20_000);
  }

  /** What is on the list, with those that wait for somebody first. */
  async list(): Promise<TaskView[]> {
    await this.follow();
    return (await this.tasks.queries.list(this.chain, { limit: 500 })).items;
  }

  /** `kind state`, sorted. */
  async said(): Promise<string[]> {
    return (await this.list()).map(({ kind, state, withdrawnFor }) => `${kind} ${withdrawnFor ?? state}`).sort();
  }
}

const at = occurredNow('2026-05-13T11:00:00.000Z');
const by = { transport: 'outbox', channel: 'email' } as const;

export const attempted = (messageId: string, attempt: number): NewEvent =>
  MessageAttempted(at, {
    ...{ messageId, attempt, ...by, language: 'tr', templateHash: 'hash', idempotencyKey: messageId },
  });
export const sent = (messageId: string, now: string, attempt = 1): NewEvent =>
  MessageSent(occurredNow(now), { messageId, attempt, ...by, providerReference: 'reference' });
export const unknown = (messageId: string, attempt = 1): NewEvent =>
  MessageOutcomeUnknown(at, { messageId, attempt, problem: 'the connection broke' });
export const failed = (messageId: string, attempt = 1): NewEvent =>
  MessageFailed(at, { messageId, attempt, problem: 'no such address' });
export const reopened = (messageId: string): NewEvent => MessageReopened(at, { messageId });
