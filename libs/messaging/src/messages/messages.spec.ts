import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { recipient } from '#test/support/test-messaging.js';
import { CourseHistory, practitioner, site } from '#test/support/treatment-history.js';
import { MessageDeliveryReported, MessageReplied, messageStream } from '../message/message.events.js';
import { messageCountsSchema, messageDetailSchema, messageListSchema, outboxListSchema } from './message.views.js';

/** What is said about messages over HTTP: a reminder that has gone, with others that wait, at one of two sites. */
let api: TestApi;
let reminder: string;
const of = { site: newId(), patient: newId(), practitioner: newId() };
const other = newId();

beforeAll(async () => {
  api = await openTestApi({ working: true });
  await api.append(
    ...[site(of.site, 'Europe/Istanbul'), site(other, 'Europe/London', 'Marylebone')],
    ...[practitioner({ id: of.practitioner }), recipient(of.patient)],
  );
  const { now } = (await api.get('/v1/clock')).body as unknown as { now: string };
  const today = now.slice(0, 10);
  const course = new CourseHistory(of).booked(`${addDays(today, 6)}T14:00`, { id: newId() });
  await api.append(...course.booked(`${addDays(today, 20)}T14:00`, { id: newId() }).streams());
  await api.followed();
  const { statusCode } = await api.app.inject({
    ...{ method: 'POST', url: '/v1/clock/advance', payload: { days: 6 } },
    headers: { host: '127.0.0.1' },
  });
  expect(statusCode).toBe(200);
  await api.followed();
  const sent = messageListSchema.parse((await api.get('/v1/messages?kind=session-reminder&status=sent')).body);
  reminder = sent.items[0]?.id ?? '';
});
afterAll(() => api.close());

describe('messages over HTTP', () => {
  it('are counted by kind and status, in the chain and at a site, so that the sums are the balance', async () => {
    const all = messageCountsSchema.parse((await api.get('/v1/messages/counts')).body);
    expect(all.items).toContainEqual({ kind: 'session-reminder', status: 'sent', messages: 1 });
    expect(all.items).toContainEqual({ kind: 'session-reminder', status: 'pending', messages: 1 });
    const { body: balance } = await api.get('/v1/messages/balance');
    const sum = (status: string) =>
      all.items.filter((each) => each.status === status).reduce((n, { messages }) => n + messages, 0);
    for (const status of ['pending', 'sent', 'suppressed', 'expired', 'failed', 'unknown']) {
      expect([status, sum(status)]).toEqual([status, balance[status]]);
    }
    expect((await api.get(`/v1/messages/counts?site=${of.site}`)).body).toEqual(all);
    expect((await api.get(`/v1/messages/counts?site=${other}`)).body).toEqual({ items: [] });
    expect((await api.get('/v1/messages/counts?site=NOWHERE')).status).toBe(404);
  });

  it('are listed for one site, page by page', async () => {
    const all = messageListSchema.parse((await api.get(`/v1/messages?site=${of.site}`)).body).items;
    expect(all.length).toBeGreaterThan(2);
    const first = messageListSchema.parse((await api.get(`/v1/messages?site=${of.site}&limit=2`)).body);
    const rest = messageListSchema.parse((await api.get(`/v1/messages?site=${of.site}&cursor=${first.next}`)).body);
    expect([...first.items, ...rest.items]).toEqual(all);
    expect((await api.get(`/v1/messages?site=${other}`)).body.items).toEqual([]);
  });

  it('are read one by one as they left, where the outbox holds them', async () => {
    const { items } = outboxListSchema.parse((await api.get(`/v1/outbox?message=${reminder}`)).body);
    expect(items).toMatchObject([{ messageId: reminder, kind: 'session-reminder', channel: 'email' }]);
    const [waiting] = messageListSchema.parse((await api.get('/v1/messages?status=pending')).body).items;
    expect((await api.get(`/v1/outbox?message=${waiting?.id}`)).body.items).toEqual([]);
  });

  it('[message.receipts] [message.replies] say whether they arrived, and what the patient answered in which words', async () => {
    const before = messageDetailSchema.parse((await api.get(`/v1/messages/${reminder}`)).body);
    expect(before).toMatchObject({ status: 'sent', delivery: null, reply: null, answers: [] });
    const at = occurredNow(before.sentAt as string);
    const said = { messageId: reminder, patientId: of.patient };
    await api.append({
      stream: messageStream(reminder),
      events: [
        MessageDeliveryReported(at, { messageId: reminder, reference: 'SM1', status: 'undelivered' }),
        MessageReplied(at, { ...said, meaning: 'other', via: 'sms', text: 'Geç kalabilirim' }),
        MessageReplied(at, { ...said, meaning: 'confirm', via: 'link', text: null }),
      ],
    });
    await api.followed();
    expect(messageDetailSchema.parse((await api.get(`/v1/messages/${reminder}`)).body)).toMatchObject({
      ...{ delivery: 'undelivered', reply: 'confirm' },
      answers: [
        { meaning: 'other', via: 'sms', text: 'Geç kalabilirim' },
        { meaning: 'confirm', via: 'link', text: null },
      ],
    });
    // The words are the patient's: they stand in no list, and not in the explanation that may be passed on.
    const told = await Promise.all(
      ['/v1/messages', `/v1/messages/${reminder}/explanation`].map(async (path) => (await api.get(path)).body),
    );
    expect(JSON.stringify(told)).not.toContain('kalabilirim');
  });
});
