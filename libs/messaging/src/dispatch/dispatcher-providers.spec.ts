import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { PatientOptedOut } from '#libs/treatment/src/contact/contact.events.js';
import { patientStream } from '#libs/treatment/src/patient/patient.events.js';
import { openTestMessaging, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
import { CourseHistory } from '#test/support/treatment-history.js';
import type { Channel, OutgoingMessage, SendResult } from '../channel.contract.js';
import { type MessageEvent, messageStream } from '../message/message.events.js';
import type { DispatchOutcome } from './dispatcher.js';

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
    expect(await resume(reminder, provider)).toBe('settled');
    expect(provider.calls.length).toBe(1);
  });

  it('[message.once] that knows repeats is asked again under the same key, as long as it knows them', async () => {
    const reminder = await dueReminder();
    const provider = new TestProvider('webhook', 3_600_000, new Error('connection reset'));
    expect(await dispatch(reminder, provider)).toBe('in-flight');
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
    expect(await resume(reminder, provider)).toBe('unknown');
    expect(provider.calls.length).toBe(1);
  });

  it('[message.outcome-unknown] that is not configured any more cannot be asked', async () => {
    const reminder = await dueReminder();
    expect(await dispatch(reminder, new TestProvider('webhook', 3_600_000, new Error('reset')))).toBe('in-flight');
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
  const receipt = (status: 'accepted' | 'delivered' | 'undelivered', reference = 'SM1') => ({ status, reference });

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
    expect(patient.map(({ header }) => header.type)).toEqual(['PatientRegistered', 'PatientOptedOut']);
    await messaging.inbound.reply(world.chain, { from: '+4900000', text: 'STOP', reference: 'SM10' });
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
