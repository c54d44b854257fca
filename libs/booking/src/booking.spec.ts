import { OUTBOX_ONLY } from '#libs/channels/src/channels.configuration.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { eventually } from '#test/support/eventually.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { type Recipient, recipient } from '#test/support/test-messaging.js';
import { CourseHistory, practitioner, site } from '#test/support/treatment-history.js';
import { SLOT_HANDLERS } from './slot/slot.handlers.js';
import type { SlotView } from './slots/slots.contract.js';

/** The whole way of a time for maintenance, over HTTP: proposed, told, answered, booked; or not. */
let api: TestApi;
beforeEach(async () => {
  api = await openTestApi({ channels: { ...OUTBOX_ONLY, publicUrl: 'https://clinic.example' }, working: true });
});
afterEach(() => api.close());

const of = { site: newId(), practitioner: newId() };
const span = [{ from: '09:00', to: '18:00' }];
const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

async function send(method: 'POST' | 'PUT', path: string, payload: object, key = newId()) {
  const headers = { host: '127.0.0.1', 'idempotency-key': key };
  const answer = await api.app.inject({ method, url: path, headers, payload });
  return { status: answer.statusCode, body: answer.json() as { id: string; code?: string } };
}

/** A site that proposes times, and its patients, whose windows open in some three weeks. */
async function given(rules: object, ...recipients: readonly Recipient[]): Promise<CourseHistory[]> {
  await api.append(site(of.site, 'Europe/Istanbul'), practitioner({ id: of.practitioner }));
  const weekly = Object.fromEntries(DAYS.map((day) => [day, span]));
  expect((await send('PUT', `/v1/sites/${of.site}/opening-hours`, { weekly })).status).toBe(200);
  const proposals = { capacity: 2, leadDays: 14, holdHours: 240, triesMax: 2, confirmedBy: 'patient', ...rules };
  expect((await send('PUT', `/v1/sites/${of.site}/recall-rules`, { cap: null, proposals })).status).toBe(200);
  const { body } = await api.get('/v1/clock');
  const today = (body as unknown as { now: string }).now.slice(0, 10);
  return Promise.all(
    recipients.map(async (chosen) => {
      const patient = newId();
      const plannedAt = `${addDays(today, -72)}T10:00`;
      const options = { end: 'completed' as const, plannedAt, consentOn: addDays(today, -72) };
      const course = new CourseHistory({ ...of, patient }, options);
      for (const day of [-70, -56, -42, -28]) course.performed(`${addDays(today, day)}T10:00`);
      await api.append(recipient(patient, chosen), ...course.streams());
      return course;
    }),
  );
}

async function advance(days: number): Promise<void> {
  expect((await send('POST', '/v1/clock/advance', { days })).status).toBe(200);
  await api.followed();
}

async function slots(query = ''): Promise<SlotView[]> {
  await api.followed();
  const { status, body } = await api.get(`/v1/slots?site=${of.site}${query}`);
  expect(status).toBe(200);
  return (body as unknown as { items: SlotView[] }).items;
}

const slotOf = async (course: CourseHistory) => (await slots()).filter((slot) => slot.course.id === course.id);

interface Out {
  readonly messageId: string;
  readonly kind: string;
  readonly body: string;
  readonly course: { readonly id: string };
}

/** What went out about the course, oldest first. */
const out = async (course: CourseHistory): Promise<Out[]> =>
  ((await api.get('/v1/outbox?limit=500')).body.items as unknown as Out[])
    .filter((each) => each.course.id === course.id && each.kind.startsWith('maintenance'))
    .reverse();

/** Follows a link of a message, as the patient does who then presses the button. */
async function follow({ body }: Out, action: string) {
  const path = new RegExp(`https://clinic\\.example(/m/[^\\s/]+/${action})`).exec(body)?.[1];
  if (path === undefined) throw new Error(`The message has no link to ${action}: ${body}`);
  const headers = { host: 'clinic.example', 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await api.app.inject({ method: 'POST', url: path, headers, payload: '' });
  expect(answer.statusCode).toBe(200);
  return answer.body;
}

const maintenanceOf = async (course: CourseHistory) => {
  await api.followed();
  const { body } = await api.get(`/v1/maintenance?patient=${course.of.patient}`);
  return (body.items as unknown as { booked: { at: string } | null }[])[0];
};

const messagesOf = async (course: CourseHistory, kind: string) =>
  (await api.get(`/v1/messages?course=${course.id}&kind=${kind}`)).body.items as unknown as {
    status: string;
    reason: string | null;
  }[];

it('[slot.booked-by-the-rules] is proposed, told, answered by a link and booked, and takes the place of the invitations', async () => {
  const [course] = (await given({}, {})) as [CourseHistory];
  await advance(10);
  const [slot] = await slotOf(course);
  expect(slot).toMatchObject({ state: 'held', try: 1, confirmedBy: 'patient', durationMinutes: 60, reason: null });
  const [proposal, ...more] = (await out(course)) as [Out, ...Out[]];
  expect(proposal.kind).toBe('maintenance-proposal');
  expect(more.map(({ kind }) => kind).filter((kind) => kind !== 'maintenance-proposal')).toEqual([]);

  expect(await follow(proposal, 'confirm')).toContain('Thank you. It is noted.');
  expect(await follow(proposal, 'confirm')).toContain('Thank you. It is noted.');
  const [booked] = await slotOf(course);
  expect(booked).toMatchObject({ state: 'confirmed', id: slot?.id, sessionId: expect.any(String) });
  expect((await maintenanceOf(course))?.booked?.at).toBe(slot?.at);
  await advance(14);
  const invitations = [
    ...(await messagesOf(course, 'maintenance-due-soon')),
    ...(await messagesOf(course, 'maintenance-due')),
  ];
  expect(invitations.length).toBeGreaterThan(0);
  for (const { status, reason } of invitations) {
    expect([status, reason]).toEqual(['suppressed', expect.stringMatching(/superseded|maintenance-booked/)]);
  }
  expect((await messagesOf(course, 'maintenance-proposal')).filter(({ status }) => status === 'pending')).toEqual([]);
}, 120_000);

it('[slot.another-day] is answered by digits of an SMS: two for another day, one for yes', async () => {
  const [course] = (await given({}, { channel: 'sms' })) as [CourseHistory];
  await advance(10);
  const said = (text: string) =>
    api.pistor.messaging.inbound.reply(api.pistor.chain, { from: '+905550000001', text, reference: newId() });
  expect((await slotOf(course)).map(({ state }) => state)).toEqual(['held']);
  await said('2');
  await advance(1);
  expect((await slotOf(course)).map(({ state }) => state)).toEqual(['released', 'held']);
  await said('1');
  const confirmed = await eventually('it is booked', async () =>
    (await slotOf(course)).find(({ state }) => state === 'confirmed'),
  );
  expect((await slotOf(course)).map((slot) => [slot.try, slot.state, slot.reason])).toEqual([
    [1, 'released', 'another-day'],
    [2, 'confirmed', null],
  ]);
  expect(confirmed.at?.slice(0, 10)).not.toBe((await slotOf(course))[0]?.at?.slice(0, 10));
  expect((await maintenanceOf(course))?.booked?.at).toBe(confirmed.at);
}, 120_000);

it('[slot.exhausted] is proposed as often as the site says, and staff are asked when nobody answers', async () => {
  const [course] = (await given({ holdHours: 48 }, {})) as [CourseHistory];
  await advance(20);
  expect((await slotOf(course)).map((slot) => [slot.try, slot.state, slot.reason])).toEqual([
    [1, 'released', 'no-answer'],
    [2, 'released', 'no-answer'],
    [2, 'exhausted', 'no-answer'],
  ]);
  // Each time told twice: at once, and half way.
  expect((await messagesOf(course, 'maintenance-proposal')).map(({ status }) => status)).toEqual(Array(4).fill('sent'));
  // Who says yes to it now is told to call, and nothing is booked.
  const [proposal] = (await out(course)).filter(({ kind }) => kind === 'maintenance-proposal') as [Out];
  expect(await follow(proposal, 'confirm')).toContain('Please call your clinic');
  expect((await maintenanceOf(course))?.booked).toBeNull();
  expect((await slotOf(course))[0]).toMatchObject({ answeredLate: true });
}, 120_000);

it('[slot.cause-gone] ends with the maintenance of a patient who wants none, by a link', async () => {
  const [course, other] = (await given({}, {}, {})) as [CourseHistory, CourseHistory];
  await advance(10);
  const [proposal] = (await out(course)) as [Out];
  await follow(proposal, 'stop');
  expect((await slotOf(course)).map((slot) => [slot.state, slot.reason])).toEqual([['released', 'declined']]);
  expect(await maintenanceOf(course)).toBeUndefined();
  // And by staff, who decline for a patient that called.
  expect((await send('POST', `/v1/courses/${other.id}/decline-maintenance`, {})).status).toBe(200);
  await eventually('it is released', async () =>
    (await slotOf(other)).find(({ state, reason }) => state === 'released' && reason === 'declined'),
  );
}, 120_000);

it('[slot.confirmed-by-staff] is confirmed or given back by staff, and doing so twice does it once', async () => {
  const [course, other] = (await given({ confirmedBy: 'staff' }, {}, {})) as [CourseHistory, CourseHistory];
  await advance(10);
  const [proposal] = (await out(course)) as [Out];
  expect(await follow(proposal, 'confirm')).toContain('Thank you. It is noted.');
  const [accepted] = (await slots('&state=accepted')) as [SlotView];
  expect(accepted).toMatchObject({ course: { id: course.id }, state: 'accepted', against: [] });
  expect((await maintenanceOf(course))?.booked).toBeNull();

  const told: string[] = [];
  const twice = async (command: string, path: string, payload: object) => {
    const key = newId();
    const first = await send('POST', path, payload, key);
    const head = await api.pistor.engine.store.head(api.pistor.chain.id);
    expect(first.status).toBe(200);
    expect(await send('POST', path, payload, key)).toEqual(first);
    expect((await api.pistor.engine.store.readAll(api.pistor.chain.id, { from: head + 1 })).filter(byStaff)).toEqual(
      [],
    );
    told.push(command);
  };
  const byStaff = ({ header }: { header: { actor: string } }) => !header.actor.startsWith('system:');
  await twice('ConfirmSlot', `/v1/slots/${accepted.id}/confirm`, {});
  expect((await maintenanceOf(course))?.booked?.at).toBe(accepted.at);
  const [held] = (await slots('&state=held')) as [SlotView];
  expect(held.course.id).toBe(other.id);
  await twice('ReleaseSlot', `/v1/slots/${held.id}/release`, { proposeAnother: false });

  const refused = await send('POST', `/v1/slots/${held.id}/confirm`, {});
  expect([refused.status, refused.body.code]).toEqual([409, 'slot.released']);
  const booked = await send('POST', `/v1/slots/${accepted.id}/release`, { proposeAnother: true });
  expect([booked.status, booked.body.code]).toEqual([409, 'slot.booked']);
  expect((await send('POST', `/v1/slots/${newId()}/confirm`, {})).status).toBe(404);
  const commands = SLOT_HANDLERS.map((provider) => (provider as { name: string }).name.replace(/Handler$/, ''));
  expect(told.sort()).toEqual(commands.sort());
  expect((await api.get('/v1/projections/parked')).body.items).toEqual([]);
}, 120_000);
