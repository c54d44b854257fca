import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { MessagePlanned, messageStream } from '#libs/messaging/src/message/message.events.js';
import { TaskRaised, taskStream } from '#libs/tasks/src/task/task.events.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { attempted, sent, unknown } from '#test/support/test-tasks.js';
import { CourseHistory, patient, practitioner, site, zoned } from '#test/support/treatment-history.js';
import { addDispatch } from './dispatch.command.js';
import { addMessages } from './messages.command.js';
import { addTasks } from './tasks.command.js';
import { runCommand } from '#test/support/run-command.js';

let api: TestApi;
let url: string;
const of = { site: newId(), patient: newId(), practitioner: newId() };
const course = new CourseHistory(of).performed('2026-05-10T14:00');
const [told, lost, found, taskId] = [newId(), newId(), newId(), newId()];
const at = occurredNow('2026-05-14T00:00:00.000Z');

const planned = (messageId: string) => {
  const due = zoned('2026-05-13T14:00');
  return MessagePlanned(at, {
    ...{ messageId, kind: 'check-in', courseId: course.id, patientId: of.patient, siteId: of.site, generation: 0, due },
    ...{ cause: { kind: 'session', sessionId: newId() }, expiresAt: '2029-12-31T00:00:00.000Z', facts: ['S4-R1'] },
  });
};

beforeAll(async () => {
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(api.app.getHttpServer().address() as { port: number }).port}`;
  const cause = { kind: 'message-unknown', messageId: lost } as const;
  const about = { siteId: of.site, patientId: of.patient, courseId: course.id };
  await api.append(
    ...[site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), ...course.streams()],
    { stream: messageStream(told), events: [planned(told), attempted(told, 1), sent(told, at.instant)] },
    { stream: messageStream(lost), events: [planned(lost), attempted(lost, 1), unknown(lost)] },
    { stream: messageStream(found), events: [planned(found), attempted(found, 1), unknown(found)] },
    {
      stream: taskStream(taskId),
      events: [TaskRaised(at, { taskId, ...about, cause, severity: 'high', dueBy: '2026-05-15T00:00:00.000Z' })],
    },
  );
});
afterAll(() => api.close());

/** Runs `pistor …`. @returns what it printed */
const run = async (...args: readonly string[]) =>
  (await runCommand([addTasks, addMessages, addDispatch], [...args, '--url', url])).said;

describe('pistor tasks', () => {
  it('lists what waits for somebody, as a table and as lines of JSON', async () => {
    const row = /\n\S{36} +2026-05-15 00:00 overdue +high +message-unknown +open +Nişantaşı +İpek Şahin\n/;
    expect(await run('tasks')).toMatch(row);
    expect(JSON.parse(await run('tasks', 'list', '--json'))).toMatchObject({ id: taskId, kind: 'message-unknown' });
  });

  it('takes a task and says what came of it, after which nothing waits', async () => {
    expect(await run('tasks', 'take', taskId, '--practitioner', of.practitioner)).toBe(`${taskId}: taken\n`);
    expect(await run('tasks')).toMatch(/ taken .* Zoë García\n/);
    await expect(run('tasks', 'take', taskId)).rejects.toMatchObject({ problem: { code: 'task.taken' } });
    expect(await run('tasks', 'done', taskId, '--outcome', 'sent-otherwise', '--note', 'by phone')).toBe(
      `${taskId}: done\n`,
    );
    expect(await run('tasks')).toBe('Nothing waits for a person.\n');
    expect(await run('tasks', '--state', 'done')).toMatch(/ sent-otherwise /);
  });
});

describe('pistor messages', () => {
  it('lists messages by what became of them', async () => {
    const said = await run('messages', 'list', '--status', 'sent');
    expect(said).toMatch(/\n\S{36} +2026-05-13 14:00 +check-in +sent +email /);
    expect(said).not.toContain(lost);
  });

  it('explains one in words: what it rests on, and every step', async () => {
    const said = await run('messages', 'explain', told);
    expect(said).toMatch(new RegExp(`^check-in ${told}: sent\n`));
    expect(said).toMatch(/\nBy the protocol facial, version 1\.\n {2}It rests on S4-R1/);
    expect(said).toMatch(
      /\nDue 2026-05-13 14:00 \(Europe\/Istanbul, tz database \S+\); of no use after 2029-12-31 00:00 UTC\.\n/,
    );
    expect(said).toMatch(
      /UTC {2}Attempt 1: written in tr and given to outbox as email\.\n {4}Template hash, key \S{36}\.\n/,
    );
    expect(said).toMatch(/On record then: may be written to, email, tr/);
    expect(JSON.parse(await run('messages', 'explain', told, '--json'))).toMatchObject({ id: told, status: 'sent' });
  });

  it('lets one of unknown fate go again, or says that it was sent, and shows the balance', async () => {
    expect(await run('messages', 'confirm-sent', found, '--reference', 'log-42')).toContain('on record as sent');
    expect(await run('messages', 'reopen', lost)).toContain('it goes again');
    await expect(run('messages', 'reopen', told)).rejects.toMatchObject({ problem: { code: 'message.not-unknown' } });
    await api.followed();
    const said = await run('messages', 'balance');
    expect(said).toMatch(/\nsent +2\n/);
    expect(said).toMatch(/\npending +1\nplanned +3\n\nIn balance\.\n$/);
  });
});

describe('pistor dispatch', () => {
  it('closes with a reason, says so, and opens again', async () => {
    expect(await run('dispatch', 'state')).toBe('Messages leave.\n');
    expect(await run('dispatch', 'close', '--reason', 'an audit')).toMatch(
      /^No message leaves since \S+: an audit\.\n$/,
    );
    expect(JSON.parse(await run('dispatch', 'state', '--json'))).toMatchObject({ open: false, reason: 'an audit' });
    expect(await run('dispatch', 'open')).toBe('Messages leave.\n');
    await expect(run('dispatch', 'close')).rejects.toMatchObject({ code: 'commander.missingMandatoryOptionValue' });
  });
});
