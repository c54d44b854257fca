import { OUTBOX_ONLY } from '#libs/channels/src/channels.configuration.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { eventually } from './support/eventually.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { recipient } from './support/test-messaging.js';
import { CourseHistory, practitioner, site } from './support/treatment-history.js';

/** What patients answer, what people decide of messages, and what each message says of itself, over HTTP. */
let api: TestApi;
const of = { site: newId(), patient: newId(), practitioner: newId() };
beforeAll(async () => {
  api = await openTestApi({ channels: { ...OUTBOX_ONLY, publicUrl: 'https://clinic.example' }, working: true });
  await api.append(site(of.site, 'Europe/Istanbul'), practitioner({ id: of.practitioner }), recipient(of.patient));
});
afterAll(() => api.close());

interface Listed {
  readonly items: readonly { readonly id: string; readonly kind: string; readonly status: string }[];
}

const post = async (path: string, payload?: object, headers: Record<string, string> = {}) => {
  const answer = await api.app.inject({
    method: 'POST',
    url: path,
    headers: { host: '127.0.0.1', 'idempotency-key': newId(), ...headers },
    ...(payload && { payload }),
  });
  return { status: answer.statusCode, text: answer.body, headers: answer.headers };
};

/** The reminder of a session in six days, which has gone. */
async function sentReminder(): Promise<string> {
  const { body } = await api.get('/v1/clock');
  const today = (body as unknown as { now: string }).now.slice(0, 10);
  await api.append(...new CourseHistory(of).booked(`${addDays(today, 6)}T14:00`, { id: newId() }).streams());
  await api.followed();
  const before = new Set((await reminders('sent')).map(({ id }) => id));
  expect((await post('/v1/clock/advance', { days: 6 })).status).toBe(200);
  await api.followed();
  const id = (await reminders('sent')).map((each) => each.id).find((each) => !before.has(each));
  if (id === undefined) throw new Error('The reminder should have gone');
  return id;
}

const reminders = async (status: string) =>
  ((await api.get(`/v1/messages?kind=session-reminder&status=${status}&limit=50`)).body as unknown as Listed).items;

describe('the links of a message', () => {
  it('[message.replies] ask first, and end one kind of message when that is confirmed', async () => {
    const messageId = await sentReminder();
    const path = `/m/${api.pistor.messaging.links.token(api.pistor.chain, messageId)}/unsubscribe`;
    const page = await api.app.inject({ url: path, headers: { host: 'clinic.example' } });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.body).toContain('<form method="post">');
    // Looked at by a program: nothing has changed.
    const wishes = async () =>
      (await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${of.patient}`)).filter(({ header }) =>
        header.type.startsWith('PatientOpted'),
      ).length;
    expect(await wishes()).toBe(0);

    // As mail programs do it (RFC 8058), and as a person does, once more.
    const form = { host: 'clinic.example', 'content-type': 'application/x-www-form-urlencoded' };
    const oneClick = await api.app.inject({
      ...{ method: 'POST', url: path, headers: form },
      payload: 'List-Unsubscribe=One-Click',
    });
    expect(oneClick.statusCode).toBe(200);
    const multipart = {
      ...{ host: 'clinic.example', 'content-type': 'multipart/form-data; boundary=b' },
      payload: '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
    };
    const { payload, ...headers } = multipart;
    const url = `${path}?utm_source=mail`;
    expect((await api.app.inject({ method: 'POST', url, headers, payload })).statusCode).toBe(200);
    // A browser says where its form comes from, since the page lets it.
    expect(page.headers['referrer-policy']).toBe('same-origin');
    const own = { ...form, origin: 'http://clinic.example' };
    expect((await api.app.inject({ method: 'POST', url: path, headers: own, payload: '' })).statusCode).toBe(200);
    expect(await wishes()).toBe(1);
    expect((await post(`/v1/patients/${of.patient}/opt-in`, { categories: ['appointment'] })).status).toBe(200);
  });

  it('lead nowhere where we did not make them, and to nothing else under the public name', async () => {
    const unknown = await api.app.inject({
      url: `/m/${newId()}.aaaaaaaaaaaaaaaaaaaaaa/unsubscribe`,
      headers: { host: 'clinic.example', 'accept-language': 'tr-TR' },
    });
    expect(unknown.statusCode).toBe(404);
    expect(unknown.body).toContain('lang="tr"');
    const token = api.pistor.messaging.links.token(api.pistor.chain, (await reminders('sent'))[0]?.id as string);
    const made = { method: 'POST', url: `/m/${token}/stop`, headers: { host: 'clinic.example' } } as const;
    // A reminder has no such link.
    expect((await api.app.inject(made)).statusCode).toBe(404);
    for (const url of ['/v1/patients', '/', '/v1/messages', '/m/../v1/patients']) {
      expect((await api.app.inject({ url, headers: { host: 'clinic.example' } })).statusCode).toBe(403);
    }
    const other = await api.app.inject({ url: `/m/x/unsubscribe`, headers: { host: 'evil.example' } });
    expect(other.statusCode).toBe(403);
  });
});

describe('a message', () => {
  it('is explained with its rule, its zone, what it was decided from, and its attempts', async () => {
    const messageId = await sentReminder();
    const { body } = await api.get(`/v1/messages/${messageId}/explanation`);
    expect(body).toMatchObject({
      ...{ id: messageId, kind: 'session-reminder', status: 'sent' },
      key: { cause: { kind: 'session' }, recipient: of.patient, generation: 0 },
      rule: { protocol: 'facial', version: 1, text: { kind: 'session-reminder' } },
      plannedFrom: { type: 'SessionBooked' },
      due: { zone: 'Europe/Istanbul', tzdb: expect.stringMatching(/^\d{4}[a-z]$/) },
    });
    const { steps } = body as unknown as { steps: { type: string; says: string; basis: object; attempt: object }[] };
    expect(steps.map(({ type }) => type)).toEqual(['MessagePlanned', 'MessageAttempted', 'MessageSent']);
    expect(steps[1]).toMatchObject({
      basis: { contactConsent: true, channel: 'email', optedOut: [], zone: 'Europe/Istanbul' },
      attempt: { number: 1, transport: 'outbox', templateHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect((await api.get(`/v1/messages/${newId()}/explanation`)).status).toBe(404);
  });

  it('[message.reopened] is decided by hand only where its fate is unknown', async () => {
    const messageId = await sentReminder();
    const refused = await post(`/v1/messages/${messageId}/reopen`, {});
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('message.not-unknown');
    expect((await post(`/v1/messages/${messageId}/confirm-sent`, { reference: '' })).status).toBe(400);
    expect((await post(`/v1/messages/${newId()}/reopen`, {})).status).toBe(404);
  });
});

describe('dispatch', () => {
  it('[message.closed] [message.doubted] is closed and opened, and after a backup leaves in doubt what was due', async () => {
    const { messaging, chain } = api.pistor;
    expect((await api.get('/v1/dispatch')).body).toMatchObject({ open: true });
    const { body } = await api.get('/v1/clock');
    const { now } = body as unknown as { now: string };
    // As a restored backup is: closed since a moment of the past.
    await messaging.gate.close(chain, 'restored from a backup', now);
    expect((await post('/v1/dispatch/close', { reason: 'looking into it' })).status).toBe(200);
    expect((await api.get('/v1/dispatch')).body).toMatchObject({ open: false, doubtSince: now });
    await api.append(
      ...new CourseHistory(of).booked(`${addDays(now.slice(0, 10), 6)}T14:00`, { id: newId() }).streams(),
    );
    await api.followed();
    const reminder = await eventually('the reminder is planned', async () => (await reminders('pending'))[0]);
    const due = await messaging.queries.explain(chain, reminder.id);
    await api.pistor.engine.chains.advanceTo(chain, due.due.instant);
    const opened = await post('/v1/dispatch/open', {});
    expect(JSON.parse(opened.text)).toMatchObject({ doubted: expect.any(Number) });
    expect((await api.get('/v1/dispatch')).body).toMatchObject({ open: true });
    expect(
      await eventually('it is unknown', async () => {
        const { status } = await messaging.queries.explain(chain, due.id);
        return status === 'unknown' ? status : undefined;
      }),
    ).toBe('unknown');
    expect((await post(`/v1/messages/${due.id}/confirm-sent`, { reference: 'x' })).text).toContain('never-attempted');
    expect((await post(`/v1/messages/${due.id}/reopen`, {})).status).toBe(200);
  });
});
