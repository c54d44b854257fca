import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { CoursePlanned, courseStream } from '#libs/treatment/src/course/course.events.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, lot, patient, practitioner, site, zoned } from '#test/support/treatment-history.js';
import type { CourseDifference } from './course-difference.js';
import type { WhatIfSummary } from './what-if.contract.js';

let api: TestApi;
const [siteA, siteB, patientId, practitionerId] = [newId(), newId(), newId(), newId()] as [
  string,
  string,
  string,
  string,
];
const of = { site: siteA, patient: patientId, practitioner: practitionerId };

/** An old history: two courses of `facial` two and three weeks apart, one at another site, and one of another protocol. */
const weekly = new CourseHistory(of, { end: 'completed', origin: 'import', plannedAt: '2025-01-06T09:00' })
  .performed('2025-01-06T10:00')
  .performed('2025-01-20T10:00')
  .performed('2025-02-03T10:00')
  .performed('2025-02-17T10:00');
const slower = new CourseHistory(of, { origin: 'import', plannedAt: '2025-03-03T09:00' })
  .performed('2025-03-03T10:00')
  .performed('2025-03-24T10:00');
const elsewhere = new CourseHistory({ ...of, site: siteB }, { origin: 'import', plannedAt: '2025-05-05T09:00' })
  .performed('2025-05-05T10:00')
  .performed('2025-05-19T10:00');
const other = new CourseHistory(of, { origin: 'import', protocol: 'general', plannedAt: '2025-01-06T09:00' })
  .performed('2025-01-06T10:00')
  .performed('2025-01-14T10:00');

beforeAll(async () => {
  api = await openTestApi();
  await api.append(
    ...[
      site(siteA),
      site(siteB),
      patient(patientId),
      practitioner({ id: practitionerId, procedures: ['facial', 'general'] }),
    ],
    ...[lot(siteA), lot(siteB)],
    ...[weekly, slower, elsewhere, other].flatMap((course) => course.streams()),
  );
  await api.followed();
}, 60_000);
afterAll(() => api.close());

const YEAR = { from: '2025-01-01', to: '2025-12-31' };

const draft = (change: (protocol: Protocol) => void, code = 'facial'): Record<string, unknown> => {
  const protocol = structuredClone(builtInProtocol(code)) as Protocol;
  change(protocol);
  return protocol;
};
const longer = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 21, max: 28 }));

async function post(payload: object, path = '/v1/protocols/what-if') {
  const answer = await api.app.inject({ method: 'POST', url: path, headers: { host: '127.0.0.1' }, payload });
  return { status: answer.statusCode, type: answer.headers['content-type'], text: answer.body };
}

interface Replayed {
  readonly lines: readonly Record<string, unknown>[];
  readonly courses: readonly (CourseDifference & { code: string | null })[];
  readonly summary: WhatIfSummary;
}

async function replayed(payload: object): Promise<Replayed> {
  const { status, text } = await post(payload);
  expect({ status, text }).toMatchObject({ status: 200 });
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    lines,
    courses: lines.flatMap(({ course }) => (course as Replayed['courses'][number] | undefined) ?? []),
    summary: lines.at(-1)?.['summary'] as WhatIfSummary,
  };
}

async function refused(payload: object) {
  const { status, text } = await post(payload);
  return { status, ...(JSON.parse(text) as { code: string; fields: { field: string; rule?: string }[] }) };
}

describe('what if a draft had been in force', () => {
  it('[what-if.sessions] tells how far it is, each course that would differ, and the sums at last', async () => {
    const { lines, courses, summary } = await replayed({ protocol: longer, ...YEAR });
    expect(lines[0]).toEqual({ progress: { done: 0, total: 3 } });
    expect(lines.at(-2)).toEqual({ progress: { done: 3, total: 3 } });
    expect(new Set(courses.map(({ courseId }) => courseId))).toEqual(new Set([weekly.id, slower.id, elsewhere.id]));
    const ofWeekly = courses.find(({ courseId }) => courseId === weekly.id);
    expect(ofWeekly?.sessions.map(({ on, blocked, freed }) => ({ on, blocked, freed }))).toEqual([
      { on: '2025-01-20', blocked: ['interval-short'], freed: [] },
      { on: '2025-02-03', blocked: ['interval-short'], freed: [] },
      { on: '2025-02-17', blocked: ['interval-short'], freed: [] },
    ]);
    expect(summary).toMatchObject({
      ...{ courses: 3, differing: 3, sessions: 8, sessionsBlocked: 4, sessionsFreed: 1 },
      ...{ blocked: { 'interval-short': 4 }, freed: { 'interval-long': 1 } },
      dueDatesMoved: courses.reduce((sum, { due }) => sum + due.length, 0),
    });
  });

  it('[what-if.due-dates] shows when the next session would have been due', async () => {
    const { courses } = await replayed({ protocol: longer, ...YEAR });
    const { due } = courses.find(({ courseId }) => courseId === slower.id) as CourseDifference;
    expect(due.map(({ kind, before, after }) => [kind, before?.opens, after?.opens, after?.closes])).toEqual([
      ['next-session', '2025-03-17', '2025-03-24', '2025-03-31'],
      ['next-session', '2025-04-07', '2025-04-14', '2025-04-21'],
    ]);
  });

  it('[what-if.messages] counts the messages that would be new, dropped, moved or worded otherwise', async () => {
    const retold = draft((protocol) => {
      protocol.messages = protocol.messages
        .filter(({ kind }) => kind !== 'check-in')
        .map((rule) => (rule.kind === 'session-reminder' ? { ...rule, before: 'P2D' } : rule));
    });
    const { courses, summary } = await replayed({ protocol: retold, ...YEAR });
    expect(summary).toMatchObject({ messagesAdded: 0, messagesDropped: 8, messagesMoved: 8, messagesReworded: 0 });
    expect(courses.flatMap(({ messages }) => messages)).toHaveLength(16);
    const renamed = draft(({ title }) => Object.assign(title, { en: 'Face' }));
    const { messagesReworded, messagesMoved, differing } = (await replayed({ protocol: renamed, ...YEAR })).summary;
    expect([messagesMoved, differing]).toEqual([0, 3]);
    // Five a session, but for the first notice, which was due in the year before. The next course began before the window.
    expect(messagesReworded).toBe(5 * 8 - 1);
  });

  it('[what-if.same] finds no difference under what courses were planned with', async () => {
    const { courses, summary } = await replayed({ protocol: draft(() => undefined), ...YEAR });
    expect(courses).toEqual([]);
    expect(summary).toMatchObject({ courses: 3, differing: 0, sessions: 8, blocked: {}, freed: {} });
  });

  it('[what-if.sessions] replays a draft that is stored, over the courses of a site, for the sums alone', async () => {
    const { text } = await post({ code: 'facial', draft: longer }, '/v1/protocols/drafts');
    const { id } = JSON.parse(text) as { id: string };
    const { lines, summary } = await replayed({ draft: id, site: siteB, details: false, ...YEAR });
    expect(lines.map((line) => Object.keys(line)[0])).toEqual(['progress', 'progress', 'summary']);
    expect(summary).toMatchObject({ courses: 1, differing: 1, sessions: 2, sessionsBlocked: 1 });
  });

  it('[what-if.known-protocol] replays a copy under another code over the courses of its original', async () => {
    const copy = { ...longer, code: `own-${newId()}`, procedure: 'facial' };
    expect((await replayed({ protocol: copy, over: 'facial', ...YEAR })).summary.sessionsBlocked).toBe(4);
    expect(await refused({ protocol: copy, ...YEAR })).toMatchObject({
      status: 404,
      code: 'protocol.unknown',
      fields: [{ field: 'over', rule: 'what-if.known-protocol', seen: copy.code }],
    });
  });

  it('[what-if.writes-nothing] leaves the log and the read models as they are', async () => {
    const { engine, chain } = api.pistor;
    const head = await engine.store.head(chain.id);
    const progress = async () => (await api.get('/v1/courses?limit=500')).body;
    const before = await progress();
    await replayed({ protocol: longer, ...YEAR });
    await api.followed();
    expect(await engine.store.head(chain.id)).toBe(head);
    expect(await progress()).toEqual(before);
  });

  it('[protocol.range-reversed] refuses a protocol with findings, and names each', async () => {
    const reversed = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 30, max: 7 }));
    expect(await refused({ protocol: { ...reversed, title: {} }, ...YEAR })).toMatchObject({
      status: 422,
      code: 'protocol.findings',
      fields: expect.arrayContaining([
        expect.objectContaining({
          field: expect.stringMatching(/^protocol\./),
          rule: expect.stringMatching(/^protocol\./),
        }),
      ]),
    });
  });

  it('refuses what cannot be replayed, and says what to mend', async () => {
    const protocol = longer;
    expect(await refused({ draft: newId(), ...YEAR })).toMatchObject({ status: 404, code: 'protocol-draft.unknown' });
    expect(await refused({ protocol, from: '2025-12-31', to: '2025-01-01' })).toMatchObject({
      status: 400,
      fields: [expect.objectContaining({ field: 'to' })],
    });
    expect(await refused({ protocol, draft: newId(), ...YEAR })).toMatchObject({ status: 400 });
    expect(await refused({ ...YEAR })).toMatchObject({ status: 400, fields: [{ field: 'draft' }] });
    expect(await refused({ protocol, from: '2025-02-30', to: '2025-12-31' })).toMatchObject({ status: 400 });
    expect(await refused({ protocol, site: 'NOWHERE', ...YEAR })).toMatchObject({ status: 404, code: 'site.unknown' });
  });

  it('[what-if.sessions] goes on over any number of courses, each of them once', async () => {
    const ids = Array.from({ length: 1_001 }, newId);
    const { engine, chain } = api.pistor;
    for (let from = 0; from < ids.length; from += 100) {
      const streams = ids.slice(from, from + 100).map((courseId, n) => {
        const at = zoned(`${addDays('2025-01-01', (from + n) % 300)}T10:00`);
        const planned = { courseId, patientId, siteId: siteA, practitionerId, consultationId: newId() };
        const protocol = { code: 'hair', version: 1 };
        return {
          stream: courseStream(courseId),
          expectedRevision: 'no-stream' as const,
          events: [CoursePlanned(occurredAt(at), { ...planned, protocol, plannedSessions: 4 })],
        };
      });
      const context = { actor: 'user:test', origin: 'import' as const };
      await engine.store.append({ chain: chain.id, commandId: newId(), streams, context });
    }
    await api.followed();
    const more = draft(({ sessions }) => Object.assign(sessions, { min: 5, max: null }), 'hair');
    const { lines, courses, summary } = await replayed({ protocol: more, ...YEAR });
    expect(lines.flatMap(({ progress }) => (progress as { done: number } | undefined)?.done ?? [])).toEqual([
      0, 500, 1_000, 1_001,
    ]);
    expect(courses.map(({ courseId }) => courseId)).toEqual([...ids].sort());
    expect(summary).toMatchObject({ courses: 1_001, differing: 1_001, plansBlocked: 1_001, sessions: 0 });
  });
});
