import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { PatientOptedOut } from '#libs/treatment/src/contact/contact.events.js';
import { PatientRegisteredCorrected, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import { openTestMessaging, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
import { CourseHistory, HEALTHY } from '#test/support/treatment-history.js';
import type { Channel, OutgoingMessage, SendResult } from '../channel.contract.js';
import { decide } from '../message/message.decider.js';
import { type MessageEvent, messageStream } from '../message/message.events.js';
import { messageFold } from '../message/message.state.js';
import type { DispatchOutcome } from './dispatch-outcome.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());

/** A provider that answers what it is told to, and remembers what it was called with. */
class TestProvider implements Channel {
  readonly calls: OutgoingMessage[] = [];
  private readonly answers: (SendResult | Error)[];

  constructor(
    readonly transport: 'smtp' | 'twilio' | 'webhook',
    readonly deduplicatesForMs: number,
    ...answers: (SendResult | Error)[]
  ) {
    this.answers = answers;
  }

  send(_chain: unknown, message: OutgoingMessage): Promise<SendResult> {
    this.calls.push(message);
    const answer = this.answers.shift() ?? { kind: 'accepted', reference: `ref-${this.calls.length}` };
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

interface DueReminder extends TestWorld {
  readonly messageId: string;
}

async function dueReminder(): Promise<DueReminder> {
  const world = await messaging.newWorld();
  const today = (await messaging.engine.chains.now(world.chain)).slice(0, 10);
  await world.append(...new CourseHistory(world.of).booked(`${addDays(today, 6)}T14:00`).streams());
  await messaging.follow(world.chain);
  const { items } = await messaging.queries.list(world.chain, { limit: 10 });
  const [reminder] = items;
  if (!reminder) throw new Error('There should be a message');
  await messaging.engine.chains.advanceTo(world.chain, reminder.due.instant);
  return { ...world, messageId: reminder.id };
}

const dispatch = ({ chain, messageId }: DueReminder, channel: Channel): Promise<DispatchOutcome> =>
  messaging.workers({ channel }).dispatcher.dispatch(chain, messageId);
const resume = ({ chain, messageId }: DueReminder, channel: Channel): Promise<DispatchOutcome> =>
  messaging.workers({ channel }).dispatcher.resume(chain, messageId);

async function later({ chain }: DueReminder, seconds: number): Promise<void> {
  const now = await messaging.engine.chains.now(chain);
  await messaging.engine.chains.advanceTo(chain, new Date(Date.parse(now) + seconds * 1_000).toISOString());
}

async function history({ chain, messageId }: DueReminder): Promise<MessageEvent[]> {
  const events = await messaging.engine.store.readStream(chain.id, messageStream(messageId));
  return events.map((stored) => messaging.engine.codec.decodeSealed<MessageEvent>(stored));
}
const types = async (reminder: DueReminder) => (await history(reminder)).map(({ type }) => type.slice(7));

describe('a provider', () => {
  it('[message.refused] that did not take a message is asked again a minute later', async () => {
    const reminder = await dueReminder();
    const provider = new TestProvider('smtp', 0, { kind: 'refused', problem: '451 at RCPT TO' });
    expect(await dispatch(reminder, provider)).toBe('refused');
    expect(await dispatch(reminder, provider)).toBe('not-due');
    const now = await messaging.engine.chains.now(reminder.chain);
    await messaging.engine.chains.advanceTo(reminder.chain, new Date(Date.parse(now) + 61_000).toISOString());
    expect(await dispatch(reminder, provider)).toBe('sent');
    expect(await types(reminder)).toEqual(['Planned', 'Attempted', 'Refused', 'Attempted', 'Sent']);
    // To whoever knows repeats it is the same message.
    expect(new Set(provider.calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it('[message.outcome-unknown] that cannot tell repeats is not asked a second time when its answer is lost', async () => {
    const reminder = await dueReminder();
    const provider = new TestProvider('twilio', 0, { kind: 'unknown', problem: 'no answer within 10 s' });
    expect(await dispatch(reminder, provider)).toBe('unknown');
    expect(await dispatch(reminder, provider)).toBe('settled');
    await later(reminder, 60);
    expect(await resume(reminder, provider)).toBe('settled');
    expect(provider.calls.length).toBe(1);
  });

  it('[message.once] that knows repeats is asked again under the same key, as long as it knows them', async () => {
    const reminder = await dueReminder();
    const provider = new TestProvider('webhook', 3_600_000, new Error('connection reset'));
    expect(await dispatch(reminder, provider)).toBe('in-flight');
    // Whoever made the call may still get its answer.
    expect(await resume(reminder, provider)).toBe('in-flight');
    await later(reminder, 60);
    expect(await resume(reminder, provider)).toBe('sent');
    expect(await types(reminder)).toEqual(['Planned', 'Attempted', 'Attempted', 'Sent']);
    expect(new Set(provider.calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it('[message.outcome-unknown] is not asked again when it may have forgotten the first call', async () => {
    const reminder = await dueReminder();
    const provider = new TestProvider('webhook', 3_600_000, new Error('connection reset'));
    expect(await dispatch(reminder, provider)).toBe('in-flight');
    const now = await messaging.engine.chains.now(reminder.chain);
    await messaging.engine.chains.advanceTo(reminder.chain, new Date(Date.parse(now) + 3_700_000).toISOString());
    expect(await resume(reminder, provider)).toBe('unknown');
    expect(provider.calls.length).toBe(1);
  });

  it('[message.outcome-unknown] is not asked again when the message may not go any more', async () => {
    const reminder = await dueReminder();
    const provider = new TestProvider('webhook', 3_600_000, new Error('connection reset'));
    expect(await dispatch(reminder, provider)).toBe('in-flight');
    const { patient: patientId } = reminder.of;
    const wish = { patientId, categories: ['appointment' as const], by: 'staff' as const, messageId: null };
    const at = occurredNow('2026-05-01T00:00:00.000Z');
    await reminder.append({ stream: patientStream(patientId), events: [PatientOptedOut(at, wish)] });
    await later(reminder, 60);
    expect(await resume(reminder, provider)).toBe('unknown');
    expect(provider.calls.length).toBe(1);
  });

  it('[message.outcome-unknown] that refuses a repeat, or does not want it, says nothing of the first call', async () => {
    const reminder = await dueReminder();
    const refused: SendResult = { kind: 'refused', problem: '503' };
    const provider = new TestProvider('webhook', 3_600_000, new Error('reset'), refused, {
      ...({ kind: 'rejected', problem: '409' } as const),
    });
    expect(await dispatch(reminder, provider)).toBe('in-flight');
    await later(reminder, 60);
    expect(await resume(reminder, provider)).toBe('in-flight');
    expect(await resume(reminder, provider)).toBe('in-flight');
    await later(reminder, 120);
    expect(await resume(reminder, provider)).toBe('unknown');
    expect(await types(reminder)).toEqual(['Planned', 'Attempted', 'Attempted', 'Attempted', 'OutcomeUnknown']);
  });

  it('[message.refused] is not called by a process that stood still between decision and call', async () => {
    const reminder = await dueReminder();
    const provider = new TestProvider('twilio', 0);
    const now = performance.now.bind(performance);
    let ahead = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
    const note = jest.spyOn(messaging.addresses, 'note').mockImplementationOnce(() => {
      ahead = 90_000;
      return Promise.resolve();
    });
    expect(await dispatch(reminder, provider)).toBe('refused');
    clock.mockRestore();
    note.mockRestore();
    expect(provider.calls).toEqual([]);
    expect(await types(reminder)).toEqual(['Planned', 'Attempted', 'Refused']);
  });

  it('[message.once] whose answer comes while the patient answers, or others take over, is not lost', async () => {
    const reminder = await dueReminder();
    const { chain, messageId } = reminder;
    const provider = new TestProvider('twilio', 0);
    const send = provider.send.bind(provider);
    provider.send = async (of, message) => {
      const reply = { kind: 'reply', meaning: 'other', via: 'sms', text: 'x' } as const;
      await messaging.engine.runner.run({ chain, commandId: newId(), actor: 'patient' }, async (reads) => {
        const { state } = await reads.load(messageStream(messageId), messageFold);
        return [{ stream: messageStream(messageId), events: decide(reply, state, reads.now) }];
      });
      await messaging.workers({ channel: provider }).dispatcher.giveUpAttempt(chain, messageId, 'taken for dead');
      return send(of, message);
    };
    expect(await dispatch(reminder, provider)).toBe('sent');
    expect(await types(reminder)).toEqual(['Planned', 'Attempted', 'Replied', 'OutcomeUnknown', 'Sent']);
  });

  it('[message.outcome-unknown] that is not configured any more cannot be asked', async () => {
    const reminder = await dueReminder();
    expect(await dispatch(reminder, new TestProvider('webhook', 3_600_000, new Error('reset')))).toBe('in-flight');
    await later(reminder, 60);
    expect(await messaging.workers().dispatcher.resume(reminder.chain, reminder.messageId)).toBe('unknown');
  });

  it('[message.opted-out] is not called for what the patient does not want any more', async () => {
    const reminder = await dueReminder();
    const { patient: patientId } = reminder.of;
    const wish = { patientId, categories: ['appointment' as const], by: 'staff' as const, messageId: null };
    const at = occurredNow('2026-05-01T00:00:00.000Z');
    await reminder.append({ stream: patientStream(patientId), events: [PatientOptedOut(at, wish)] });
    const provider = new TestProvider('smtp', 0);
    expect(await dispatch(reminder, provider)).toBe('suppressed');
    expect((await history(reminder)).at(-1)).toMatchObject({ data: { reason: 'opted-out' } });
    expect(provider.calls).toEqual([]);
  });
});

describe('what comes back', () => {
  const at = occurredNow('2026-05-01T00:00:00.000Z');
  const by = { transport: 'twilio', channel: 'sms' } as const;
  const receipt = (status: 'accepted' | 'delivered' | 'undelivered', reference = 'SM1') => ({ status, reference, by });

  it('[message.receipts] a receipt settles what was unknown, and says whether it arrived, in any order', async () => {
    const reminder = await dueReminder();
    await dispatch(reminder, new TestProvider('twilio', 0, { kind: 'unknown', problem: 'no answer' }));
    const { inbound } = messaging;
    const of = { messageId: reminder.messageId };
    await inbound.receipt(reminder.chain, { ...of, ...receipt('delivered') });
    await inbound.receipt(reminder.chain, { ...of, ...receipt('accepted') });
    await inbound.receipt(reminder.chain, { ...of, ...receipt('delivered') });
    await inbound.receipt(reminder.chain, { ...of, ...receipt('undelivered') });
    expect(await types(reminder)).toEqual(['Planned', 'Attempted', 'OutcomeUnknown', 'Sent', 'DeliveryReported']);
    await inbound.receipt(reminder.chain, { messageId: newId(), ...receipt('delivered') });
  });

  it('[message.receipts] a receipt that comes before the answer of the call is not lost', async () => {
    const reminder = await dueReminder();
    const { chain, messageId } = reminder;
    const provider = new TestProvider('twilio', 0);
    provider.send = async () => {
      await messaging.inbound.receipt(chain, { messageId, ...receipt('delivered', 'SM7') });
      return { kind: 'unknown', problem: 'no answer' };
    };
    expect(await dispatch(reminder, provider)).toBe('settled');
    expect(await types(reminder)).toEqual(['Planned', 'Attempted', 'Sent', 'DeliveryReported']);
  });

  it('[message.replies] an SMS answers the last message that went to its number, and STOP holds at once', async () => {
    const world = await messaging.newWorld({ recipient: { channel: 'sms' } });
    const today = (await messaging.engine.chains.now(world.chain)).slice(0, 10);
    await world.append(...new CourseHistory(world.of).booked(`${addDays(today, 6)}T14:00`).streams());
    await messaging.follow(world.chain);
    const { items } = await messaging.queries.list(world.chain, { limit: 10 });
    const reminder: DueReminder = { ...world, messageId: items[0]?.id as string };
    await messaging.engine.chains.advanceTo(world.chain, items[0]?.due.instant as string);
    const provider = new TestProvider('twilio', 0);
    expect(await dispatch(reminder, provider)).toBe('sent');
    const reply = { from: '0090 555 000 00 01', text: 'Stop.', reference: 'SM9' };
    await messaging.inbound.reply(world.chain, reply);
    await messaging.inbound.reply(world.chain, reply);
    expect(await types(reminder)).toEqual(['Planned', 'Attempted', 'Sent', 'Replied']);
    const patient = await messaging.engine.store.readStream(world.chain.id, patientStream(world.of.patient));
    expect(patient.map(({ header }) => header.type)).toEqual(['PatientRegistered', 'PatientSmsStopped']);
    await messaging.inbound.reply(world.chain, { from: '+4900000', text: 'STOP', reference: 'SM10' });
    // Somebody else has the number by now.
    const born = { birthDate: '1991-10-01', sex: 'female' as const };
    const identity = { familyName: 'Şahin', givenName: 'İpek', ...born, phone: '+905559999999' };
    const entry = patient[0]?.header.id as string;
    const corrected = { patientId: world.of.patient, corrects: entry, correctionReason: 'a slip' };
    const registered = messaging.engine.codec.decodeSealed<never>(patient[0] as never) as { data: object };
    await world.append({
      stream: patientStream(world.of.patient),
      events: [
        PatientRegisteredCorrected(at, { ...registered.data, ...corrected, identity, health: HEALTHY } as never),
      ],
    });
    await messaging.inbound.reply(world.chain, { from: '+905550000001', text: 'START', reference: 'SM11' });
    const after = await messaging.engine.store.readStream(world.chain.id, patientStream(world.of.patient));
    expect(after.filter(({ header }) => header.type === 'PatientSmsResumed')).toEqual([]);
  });

  it('[message.replies] the link of an e-mail ends one kind of message, and nobody else’s', async () => {
    const reminder = await dueReminder();
    await dispatch(reminder, new TestProvider('smtp', 0));
    const token = messaging.links.token(reminder.chain, reminder.messageId);
    expect(await messaging.inbound.unsubscribe(reminder.chain, token)).toEqual({ category: 'appointment' });
    await messaging.inbound.unsubscribe(reminder.chain, token);
    const patient = await messaging.engine.store.readStream(reminder.chain.id, patientStream(reminder.of.patient));
    expect(patient.filter(({ header }) => header.type === 'PatientOptedOut').length).toBe(1);
    const forged = messaging.links.token({ ...reminder.chain, id: newId() }, reminder.messageId);
    await expect(messaging.inbound.unsubscribe(reminder.chain, forged)).rejects.toMatchObject({
      code: 'message.unknown',
    });
  });
});
