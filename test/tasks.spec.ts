import { TASK_OUTCOMES, taskText } from '../apps/console/src/tasks/task-text.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { BalanceCheck } from '#libs/messaging/src/messages/balance-check.js';
import { MESSAGES_SCHEMA } from '#libs/messaging/src/messages/messages.projection.js';
import { MessagePlanned, MessageReplied, messageStream } from '#libs/messaging/src/message/message.events.js';
import { TASK_KINDS, taskOutcomeSchema } from '#libs/tasks/src/task/task.events.js';
import { TASK_HANDLERS } from '#libs/tasks/src/task/task.handlers.js';
import { eventually } from './support/eventually.js';
import { attempted, sent, unknown } from './support/test-tasks.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { CourseHistory, patient, practitioner, site, zoned } from './support/treatment-history.js';

/** The list of what a person has to see to, from what patients answer to what is done about it, over HTTP. */
let api: TestApi;
const of = { site: newId(), patient: newId(), practitioner: newId() };
const course = new CourseHistory(of).performed('2026-05-10T14:00');
const elsewhere = newId();
const [worried, lost] = [newId(), newId()];
/** Commands that were sent here. */
const commands = new Set<string>();

const planned = (messageId: string, kind: 'check-in' | 'session-reminder', siteId: string) => {
  const due = zoned('2026-05-13T14:00');
  return MessagePlanned(occurredNow(due.instant), {
    ...{ messageId, kind, courseId: course.id, patientId: of.patient, siteId, generation: 0, due, facts: [] },
    ...{ cause: { kind: 'session', sessionId: newId() }, expiresAt: '2027-12-31T00:00:00.000Z' },
  });
};

beforeAll(async () => {
  api = await openTestApi({ working: true });
  const people = [site(of.site), site(elsewhere), practitioner({ id: of.practitioner }), patient(of.patient)];
  await api.append(...people, ...course.streams());
  await api.append({
    stream: messageStream(worried),
    events: [
      ...[planned(worried, 'check-in', of.site), attempted(worried, 1), sent(worried, '2026-05-13T11:00:00.000Z')],
      MessageReplied(occurredNow('2026-05-14T00:00:00.000Z'), {
        ...{ messageId: worried, patientId: of.patient, meaning: 'worried', via: 'sms', text: '2, it hurts' },
      }),
    ],
  });
  await api.append({
    stream: messageStream(lost),
    events: [planned(lost, 'session-reminder', elsewhere), attempted(lost, 1), unknown(lost)],
  });
  await eventually('both tasks', async () => ((await listed()).length === 2 ? true : undefined));
}, 60_000);
afterAll(() => api.close());

interface Shown {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly [field: string]: unknown;
}

async function listed(query = ''): Promise<Shown[]> {
  await api.followed();
  const { status, body } = await api.get(`/v1/tasks${query}`);
  expect(status).toBe(200);
  return body.items as Shown[];
}

async function send(command: string, path: string, payload: object, key: string = newId()) {
  const headers = { host: '127.0.0.1', 'idempotency-key': key };
  const answer = await api.app.inject({ method: 'POST', url: path, headers, payload });
  if (answer.statusCode < 300) commands.add(command);
  return { status: answer.statusCode, body: answer.json<{ code?: string; id?: string; revision?: number }>() };
}

const eventsOfTasks = async () =>
  (await api.pistor.engine.store.readAll(api.pistor.chain.id)).filter(({ stream }) => stream.startsWith('task-'))
    .length;

/** Sends a command twice under one key, which does it once. */
async function twice(command: string, path: string, payload: object) {
  const key = newId();
  const first = await send(command, path, payload, key);
  expect([command, first.status]).toEqual([command, 200]);
  // What runs by itself may write something else meanwhile.
  const after = await eventsOfTasks();
  expect(await send(command, path, payload, key)).toEqual(first);
  expect([command, await eventsOfTasks()]).toEqual([command, after]);
}

describe('the list of tasks', () => {
  it('shows what patients answered and what became of messages, the first due in front', async () => {
    const [first, second] = await listed();
    expect([first, second].map((task) => [task?.kind, task?.severity, task?.state])).toEqual([
      ['worried', 'urgent', 'open'],
      ['message-unknown', 'normal', 'open'],
    ]);
    expect(first).toMatchObject({ patient: { name: 'İpek Şahin' }, messageId: worried, by: null, outcome: null });
  });

  it('is of one site, of one state and of one kind, and comes in pages', async () => {
    expect((await listed(`?site=${elsewhere}`)).map(({ kind }) => kind)).toEqual(['message-unknown']);
    expect((await listed(`?site=${of.site}&state=open,taken`)).map(({ kind }) => kind)).toEqual(['worried']);
    expect(await listed('?state=done')).toEqual([]);
    const { body } = await api.get('/v1/tasks?limit=1');
    const next = await api.get(`/v1/tasks?limit=1&cursor=${body.next as string}`);
    expect([...(body.items as Shown[]), ...(next.body.items as Shown[])].map(({ kind }) => kind)).toEqual([
      'worried',
      'message-unknown',
    ]);
    expect(next.body.next).toBeNull();
    expect((await api.get('/v1/tasks?site=NOWHERE')).status).toBe(404);
    expect((await api.get('/v1/tasks?cursor=made-up')).status).toBe(400);
  });

  it('opens the words of the patient for whoever reads the task', async () => {
    const [task] = await listed(`?site=${of.site}`);
    const { body } = await api.get(`/v1/tasks/${task?.id}`);
    expect(body).toMatchObject({ replies: [{ meaning: 'worried', text: '2, it hurts', via: 'sms' }], notes: [] });
    expect((await api.get(`/v1/tasks/${newId()}`)).body).toMatchObject({ code: 'task.unknown', status: 404 });
  });

  it('task.one-taker: is taken by one, who may be named, and refused to the next', async () => {
    const [task] = await listed(`?site=${of.site}`);
    const path = `/v1/tasks/${task?.id}/take`;
    await twice('TakeTask', path, { practitioner: of.practitioner });
    expect(await send('TakeTask', path, {})).toMatchObject({ status: 409, body: { code: 'task.taken' } });
    expect(await send('TakeTask', path, { practitioner: newId() })).toMatchObject({ status: 404 });
    expect(await listed('?state=taken')).toMatchObject([{ by: { practitioner: { name: 'Zoë García' } } }]);
    await twice('TakeTask', path, { over: true });
    expect(await listed('?state=taken')).toMatchObject([{ by: { actor: 'user:demo', practitioner: null } }]);
  });

  it('keeps what is noted closed, and shows it to whoever reads the task', async () => {
    const [task] = await listed('?state=taken');
    await twice('NoteTask', `/v1/tasks/${task?.id}/note`, { note: 'Called; Gizli redness.' });
    await twice('FinishTask', `/v1/tasks/${task?.id}/done`, { outcome: 'patient-spoken-to', note: 'She is well.' });
    await api.followed();
    const { body } = await api.get(`/v1/tasks/${task?.id}`);
    expect(body).toMatchObject({
      ...{ state: 'done', outcome: 'patient-spoken-to' },
      notes: [{ note: 'Called; Gizli redness.' }, { note: 'She is well.' }],
    });
    const stored = await api.pistor.engine.store.readStream(api.pistor.chain.id, `task-${task?.id}`);
    expect(stored.map(({ data }) => data).join()).not.toMatch(/Gizli|She is well/);
  });

  it('task.settled-once: says that it is done to whoever comes later', async () => {
    const [task] = await listed('?state=done');
    const path = `/v1/tasks/${task?.id}`;
    expect(await send('TakeTask', `${path}/take`, {})).toMatchObject({ status: 409, body: { code: 'task.settled' } });
    expect(await send('FinishTask', `${path}/done`, { outcome: 'other' })).toMatchObject({
      ...{ status: 409, body: { code: 'task.settled' } },
    });
    const before = await eventsOfTasks();
    expect(await send('FinishTask', `${path}/done`, { outcome: 'patient-spoken-to' })).toMatchObject({ status: 200 });
    expect(await eventsOfTasks()).toBe(before);
  });

  it('task.withdrawn: loses what has taken care of itself', async () => {
    expect(
      (await send('ConfirmMessageSent', `/v1/messages/${lost}/confirm-sent`, { reference: 'log-42' })).status,
    ).toBe(200);
    const withdrawn = await eventually('the withdrawal', async () => (await listed('?state=withdrawn'))[0]);
    expect(withdrawn).toMatchObject({ withdrawnFor: 'message-sent', messageId: lost });
    expect(await listed('?state=open,taken')).toEqual([]);
  });

  it('was told every command that there is', () => {
    const names = (TASK_HANDLERS as readonly { name?: string }[]).map(({ name = '' }) => name.replace(/Handler$/, ''));
    expect(names.filter((name) => !commands.has(name))).toEqual([]);
  });

  it('is read in words by the console, whatever the kind and the outcome', () => {
    for (const kind of TASK_KINDS) expect([kind, taskText(kind).todo]).not.toEqual([kind, 'See to it.']);
    expect([...TASK_OUTCOMES]).toEqual(taskOutcomeSchema.options);
  });
});

describe('the alarm', () => {
  const metric = async (sample: string) => {
    const { body } = await api.app.inject({ url: '/metrics', headers: { host: '127.0.0.1' } });
    const line = body.split('\n').find((each) => each.startsWith(`${sample} `));
    return line === undefined ? undefined : Number(line.slice(sample.length + 1));
  };
  const ready = async () => {
    const { statusCode, body } = await api.app.inject({ url: '/health/ready', headers: { host: '127.0.0.1' } });
    return { statusCode, health: JSON.parse(body) as { status: string; checks: Record<string, object> } };
  };

  it('is in the metrics and in the answer about readiness, which stays ready', async () => {
    const { engine, chain, messaging } = api.pistor;
    const check = new BalanceCheck({ ...engine, gate: messaging.gate, log: silentLog });
    await api.followed();
    const { alarm: none, counts } = await check.check(chain, true);
    expect(none).toBeNull();
    expect(await metric('pistor_messages_alarm{chain="main"}')).toBe(0);
    expect(await metric('pistor_messages{chain="main",status="sent"}')).toBe(counts?.sent);
    expect((await ready()).health.checks).not.toHaveProperty('messages');
    await engine.db.query(`delete from "${MESSAGES_SCHEMA}".message where chain = $1 and message_id = $2`, [
      ...[chain.no, lost],
    ]);
    const { alarm } = await check.check(chain, true);
    const { planned = 0, sent: gone = 0 } = counts ?? {};
    expect(alarm).toBe(
      `By the log ${planned} messages are planned, by the rows ${planned - 1}. By the log ${gone} messages are sent, by the rows ${gone - 1}.`,
    );
    expect(await metric('pistor_messages_alarm{chain="main"}')).toBe(1);
    const { statusCode, health } = await ready();
    expect([statusCode, health.status]).toEqual([200, 'ok']);
    expect(health.checks).toMatchObject({ messages: { status: 'failing', detail: alarm } });
  });

  it('is told beside how many tasks wait for a person', async () => {
    await api.append({
      stream: messageStream(worried),
      events: [
        MessageReplied(occurredNow('2026-05-15T00:00:00.000Z'), {
          ...{ messageId: worried, patientId: of.patient, meaning: 'worried', via: 'link', text: null },
        }),
      ],
    });
    const open = await eventually('the task', () =>
      metric('pistor_open_tasks{chain="main",kind="worried",severity="urgent"}'),
    );
    expect(open).toBe(1);
  });
});
