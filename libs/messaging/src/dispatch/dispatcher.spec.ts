import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { ConsentWithdrawn, consultationStream } from '#libs/treatment/src/consultation/consultation.events.js';
import { courseStream, SessionCancelled } from '#libs/treatment/src/course/course.events.js';
import { PatientContactPreferenceChanged, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import {
  type Recipient,
  openTestMessaging,
  type TestMessaging,
  type TestWorld,
  type WorkersOptions,
} from '#test/support/test-messaging.js';
import { CourseHistory } from '#test/support/treatment-history.js';
import { type MessageEvent, messageStream } from '../message/message.events.js';
import type { Channel, OutgoingMessage, SendResult } from '../channel.contract.js';
import type { DispatchOutcome } from './dispatch-outcome.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());

const now = occurredNow('2026-05-01T00:00:00.000Z');

/** A reminder whose time has come, of a session tomorrow at 14:00. */
interface DueReminder extends TestWorld {
  readonly course: CourseHistory;
  readonly sessionId: string;
  readonly messageId: string;
}

async function dueReminder(options: { recipient?: Recipient; hour?: string } = {}): Promise<DueReminder> {
  const world = await messaging.newWorld(options);
  const today = (await messaging.engine.chains.now(world.chain)).slice(0, 10);
  const sessionId = newId();
  const course = new CourseHistory(world.of).booked(`${addDays(today, 6)}T${options.hour ?? '14:00'}`, {
    id: sessionId,
  });
  await world.append(...course.streams());
  await messaging.follow(world.chain);
  const { items } = await messaging.queries.list(world.chain, { limit: 10 });
  const [reminder] = items;
  if (!reminder || items.length !== 1) throw new Error('There should be one message');
  await messaging.engine.chains.advanceTo(world.chain, reminder.due.instant);
  return { ...world, course, sessionId, messageId: reminder.id };
}

const dispatch = ({ chain, messageId }: DueReminder, options?: WorkersOptions): Promise<DispatchOutcome> =>
  messaging.workers(options).dispatcher.dispatch(chain, messageId);

async function history({ chain, messageId }: DueReminder): Promise<string[]> {
  const events = await messaging.engine.store.readStream(chain.id, messageStream(messageId));
  return events.map((stored) => {
    const event = messaging.engine.codec.decodeSealed<MessageEvent>(stored);
    return event.type === 'MessageSuppressed' ? `${event.type} ${event.data.reason}` : event.type;
  });
}

const outbox = async ({ chain }: DueReminder) => (await messaging.queries.outbox(chain, { limit: 500 })).items;

/** The outbox, with something happening when it is called. */
function channel(send: (message: OutgoingMessage, real: () => Promise<SendResult>) => Promise<SendResult>): Channel {
  const real = messaging.outbox;
  return {
    transport: 'outbox',
    deduplicatesForMs: 0,
    send: (chain, message) => send(message, () => real.send(chain, message)),
    claim: (chain, message) => real.claim(chain, message),
  };
}

describe('a message whose time has come', () => {
  it('[message.channel] [message.language] goes to the channel that the patient chose, in the patient’s language', async () => {
    const reminder = await dueReminder({ recipient: { language: 'tr', channel: 'sms' } });
    expect(await dispatch(reminder)).toBe('sent');
    expect(await history(reminder)).toEqual(['MessagePlanned', 'MessageAttempted', 'MessageSent']);
    const [sent] = await outbox(reminder);
    expect(sent).toMatchObject({
      kind: 'session-reminder',
      channel: 'sms',
      to: '+905550000001',
      language: 'tr',
      subject: null,
    });
    expect(sent?.body).toMatch(/^Nişantaşı: randevunuz /);
    expect(sent?.patient.name).toBe('İpek Şahin');
  });

  it('leaves no address and no text in the open', async () => {
    const reminder = await dueReminder();
    await dispatch(reminder);
    const { rows } = await messaging.engine.db.query<{ row: string }>(
      'select outbox::text as row from outbox where message_id = $1',
      [reminder.messageId],
    );
    expect(rows[0]?.row).not.toMatch(/example\.org|İpek|Your appointment|we expect you/);
  });

  it('is explained from its own events', async () => {
    const reminder = await dueReminder();
    await dispatch(reminder);
    await messaging.follow(reminder.chain);
    const explained = await messaging.queries.explain(reminder.chain, reminder.messageId);
    expect(explained).toMatchObject({
      status: 'sent',
      cause: { kind: 'session', sessionId: reminder.sessionId },
      generation: 0,
      due: { zone: 'Europe/Istanbul' },
    });
    expect(explained.history.map(({ type }) => type)).toEqual(['MessagePlanned', 'MessageAttempted', 'MessageSent']);
    expect(explained.history[1]).toMatchObject({
      templateHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      channel: 'email',
    });
    await expect(messaging.queries.explain(reminder.chain, newId())).rejects.toMatchObject({ code: 'message.unknown' });
  });

  it('[message.not-before-due] does not go before that', async () => {
    const world = await messaging.newWorld();
    const today = (await messaging.engine.chains.now(world.chain)).slice(0, 10);
    await world.append(...new CourseHistory(world.of).booked(`${addDays(today, 6)}T14:00`).streams());
    await messaging.follow(world.chain);
    const { items } = await messaging.queries.list(world.chain, { limit: 1 });
    expect(await messaging.workers().dispatcher.dispatch(world.chain, items[0]?.id as string)).toBe('not-due');
  });
});

describe('at the last moment', () => {
  const cancel = ({ course, of, sessionId, append }: DueReminder) =>
    append({
      stream: courseStream(course.id),
      events: [SessionCancelled(now, { courseId: course.id, patientId: of.patient, sessionId, reason: 'ill' })],
    });
  const prefer = ({ of, append }: DueReminder, channel: 'email' | 'none', contactConsent: boolean) =>
    append({
      stream: patientStream(of.patient),
      events: [
        PatientContactPreferenceChanged(now, {
          patientId: of.patient,
          preference: { language: 'en', channel, contactConsent },
        }),
      ],
    });
  const withdraw = ({ course, of, append }: DueReminder) =>
    append({
      stream: consultationStream(course.consultationId),
      events: [
        ConsentWithdrawn(now, { consultationId: course.consultationId, patientId: of.patient, procedure: 'facial' }),
      ],
    });

  it.each<[string, (reminder: DueReminder) => Promise<void>]>([
    ['session-cancelled', cancel],
    ['no-consent', (reminder) => prefer(reminder, 'email', false)],
    ['no-channel', (reminder) => prefer(reminder, 'none', true)],
    ['consent-withdrawn', withdraw],
  ])(
    '[message.cause-gone] [message.contact-consent] [message.channel] [message.consent-withdrawn] a message is not sent any more: %s',
    async (reason, happens) => {
      const reminder = await dueReminder();
      await happens(reminder);
      // The planner may have been faster; it is the same either way.
      expect(['suppressed', 'settled']).toContain(await dispatch(reminder));
      expect(await history(reminder)).toEqual(['MessagePlanned', `MessageSuppressed ${reason}`]);
      expect(await outbox(reminder)).toEqual([]);
    },
  );

  it('[message.channel] a message to an address that is not on record is not sent', async () => {
    const reminder = await dueReminder({ recipient: { email: '' } });
    expect(await dispatch(reminder)).toBe('suppressed');
    expect((await history(reminder)).at(-1)).toBe('MessageSuppressed no-channel');
  });

  it('[message.quiet-hours] a message in quiet hours waits for the morning', async () => {
    const late = await dueReminder({ hour: '22:30' });
    expect(await dispatch(late)).toBe('deferred');
    await messaging.follow(late.chain);
    const { items } = await messaging.queries.list(late.chain, { limit: 1 });
    expect(items[0]?.nextDue).toBe(
      new Date(Date.parse(items[0]?.due.instant as string) + 9.5 * 3_600_000).toISOString(),
    );
    expect(await dispatch(late)).toBe('not-due');
    await messaging.engine.chains.advanceTo(late.chain, items[0]?.nextDue as string);
    expect(await dispatch(late)).toBe('sent');
    expect(await history(late)).toEqual(['MessagePlanned', 'MessageDeferred', 'MessageAttempted', 'MessageSent']);
  });

  it('[message.expires] a message that is of no use any more expires', async () => {
    const reminder = await dueReminder();
    const afterTheSession = new Date(Date.parse(await messaging.engine.chains.now(reminder.chain)) + 25 * 3_600_000);
    await messaging.engine.chains.advanceTo(reminder.chain, afterTheSession.toISOString());
    expect(await dispatch(reminder)).toBe('expired');
    expect(await history(reminder)).toEqual(['MessagePlanned', 'MessageExpired']);
  });

  it('[message.contact-consent] a consent that is withdrawn while the message is decided on is noticed', async () => {
    const reminder = await dueReminder();
    const workers = messaging.workers();
    const store = messaging.engine.store;
    const append = store.append.bind(store);
    let withdrawn = false;
    jest.spyOn(store, 'append').mockImplementation(async (request) => {
      if (!withdrawn && request.context.actor === 'system:dispatcher') {
        withdrawn = true;
        await prefer(reminder, 'email', false);
      }
      return append(request);
    });
    try {
      expect(await workers.dispatcher.dispatch(reminder.chain, reminder.messageId)).toBe('suppressed');
    } finally {
      jest.restoreAllMocks();
    }
    expect((await history(reminder)).at(-1)).toBe('MessageSuppressed no-consent');
    expect(await outbox(reminder)).toEqual([]);
  });
});

describe('nothing is sent twice', () => {
  it('[message.once] by twenty dispatchers at once', async () => {
    const reminder = await dueReminder();
    let calls = 0;
    const counted = channel((_message, real) => {
      calls += 1;
      return real();
    });
    const workers = messaging.workers({ channel: counted });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => workers.dispatcher.dispatch(reminder.chain, reminder.messageId)),
    );
    expect(outcomes.filter((outcome) => outcome === 'sent').length).toBe(1);
    expect(calls).toBe(1);
    expect(await history(reminder)).toEqual(['MessagePlanned', 'MessageAttempted', 'MessageSent']);
    expect((await outbox(reminder)).length).toBe(1);
  });

  const STALE = { jobLostMs: 100, attemptStaleMs: 100 };
  const sweepSoon = async ({ chain }: DueReminder) => {
    await messaging.follow(chain);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await messaging.workers({ times: STALE }).sweeper.sweep(chain);
  };

  it('[message.once] when the process dies before the provider was called: sent once, later', async () => {
    const reminder = await dueReminder();
    const dead = channel(() => Promise.reject(new Error('killed')));
    expect(await dispatch(reminder, { channel: dead })).toBe('in-flight');
    expect(await dispatch(reminder)).toBe('in-flight');
    await sweepSoon(reminder);
    expect(await history(reminder)).toEqual(['MessagePlanned', 'MessageAttempted', 'MessageAttempted', 'MessageSent']);
    expect((await outbox(reminder)).length).toBe(1);
  });

  it('[message.once] when the process dies after the provider has accepted: recorded, not sent again', async () => {
    const reminder = await dueReminder();
    const dead = channel(async (_message, real) => {
      await real();
      throw new Error('killed');
    });
    expect(await dispatch(reminder, { channel: dead })).toBe('in-flight');
    await sweepSoon(reminder);
    expect(await history(reminder)).toEqual(['MessagePlanned', 'MessageAttempted', 'MessageSent']);
    expect((await outbox(reminder)).length).toBe(1);
  });

  it('[message.once] when a process hangs in the provider’s call and wakes up after another has taken over', async () => {
    const reminder = await dueReminder();
    let wakeUp = () => {};
    const asleep = new Promise<void>((resolve) => (wakeUp = resolve));
    let answer: Promise<SendResult> | undefined;
    const hanging = channel(async (_message, real) => {
      await asleep;
      answer = real();
      return answer;
    });
    const slow = dispatch(reminder, { channel: hanging });
    while ((await history(reminder)).length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    await sweepSoon(reminder);
    wakeUp();
    expect(await slow).toBe('in-flight');
    expect(await answer).toEqual({ kind: 'shut-out' });
    expect(await history(reminder)).toEqual(['MessagePlanned', 'MessageAttempted', 'MessageAttempted', 'MessageSent']);
    expect((await outbox(reminder)).length).toBe(1);
  });

  it('[message.outcome-unknown] where the provider cannot tell: the outcome is unknown, and a human looks', async () => {
    const reminder = await dueReminder();
    const mute: Channel = {
      transport: 'smtp',
      deduplicatesForMs: 0,
      send: () => Promise.reject(new Error('time-out')),
    };
    expect(await dispatch(reminder, { channel: mute })).toBe('unknown');
    expect((await history(reminder)).at(-1)).toBe('MessageOutcomeUnknown');
    expect(await dispatch(reminder)).toBe('settled');
  });

  it('[message.failed] what a provider refuses has failed', async () => {
    const reminder = await dueReminder();
    const refusing = channel(() => Promise.resolve({ kind: 'rejected', problem: 'the address does not exist' }));
    expect(await dispatch(reminder, { channel: refusing })).toBe('failed');
    expect((await history(reminder)).at(-1)).toBe('MessageFailed');
  });

  it('[message.failed] a message that cannot be written is on record as failed, and the others go on', async () => {
    const reminder = await dueReminder();
    await messaging.workers().dispatcher.fail(reminder.chain, reminder.messageId, 'it cannot be written', now.instant);
    expect(await history(reminder)).toEqual(['MessagePlanned', 'MessageFailed']);
    expect(await dispatch(reminder)).toBe('settled');
  });
});

describe('the queue', () => {
  it('[message.once] dispatches what planner and sweeper hand over, also when it has lost everything', async () => {
    const reminder = await dueReminder();
    const queueName = `test-${newId()}`;
    const times = { jobLostMs: 100, attemptStaleMs: 5_000 };
    // Handed over to a queue on which nobody ever works: as if it had been wiped.
    expect(await messaging.workers({ queueName: `lost-${queueName}` }).planner.plan(reminder.chain)).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const workers = messaging.workers({ queueName, times });
    expect(await workers.planner.plan(reminder.chain)).toBe(0);
    workers.start();
    await expectEventually(async () => (await outbox(reminder)).length === 1);
    await workers.stop();
    expect(await history(reminder)).toEqual(['MessagePlanned', 'MessageAttempted', 'MessageSent']);
    await messaging.follow(reminder.chain);
    expect(await messaging.queries.balance(reminder.chain)).toMatchObject({ planned: 1, sent: 1, pending: 0 });
  });
});

async function expectEventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('It did not happen within 15 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
