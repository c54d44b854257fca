import { newId } from '#libs/kernel/src/ids.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { asOwner } from './support/test-database.js';
import { CourseHistory, patient, practitioner, site } from './support/treatment-history.js';

/** A refusal says what stands against it, which is read from somebody's record: it is on record like a read. */
let api: TestApi;
const of = { site: newId(), patient: newId(), practitioner: newId() };
const course = new CourseHistory(of).performed('2026-05-10T14:00');

beforeAll(async () => {
  api = await openTestApi();
  const people = [site(of.site), practitioner({ id: of.practitioner }), patient(of.patient)];
  await api.append(...people, ...course.streams());
  await api.followed();
}, 60_000);
afterAll(() => api.close());

interface Kept {
  readonly operation: string;
  readonly kind: string;
  readonly principal: string;
  readonly patients: readonly string[] | null;
}

async function kept(): Promise<Kept[]> {
  const { rows } = await api.pistor.engine.db.query<{ header: string; data: string }>(
    'select header, data from read_record where chain = $1 order by position',
    [api.pistor.chain.no],
  );
  return rows.map(({ header, data }) => ({ ...(JSON.parse(header) as Kept), ...(JSON.parse(data) as Kept) }));
}

async function sent(url: string, payload: object) {
  const before = (await kept()).length;
  const answer = await api.app.inject({ method: 'POST', url, payload, headers: { host: '127.0.0.1' } });
  const { code } = answer.json<{ code: string }>();
  return { status: answer.statusCode, code, text: answer.body, reads: (await kept()).slice(before) };
}

const complete = () => sent(`/v1/courses/${course.id}/stop`, { reason: 'moved away' });

describe('a refusal', () => {
  it('of a command is on record, with the patient whose record the address names', async () => {
    const stopped = await complete();
    expect(stopped).toMatchObject({ status: 200, reads: [] });
    const { status, reads } = await sent(`/v1/courses/${course.id}/complete`, {});
    expect(status).toBe(422);
    expect(reads).toEqual([
      expect.objectContaining({
        ...{ operation: 'completeCourse', kind: 'read', principal: 'user:demo', patients: [of.patient] },
      }),
    ]);
  });

  it('is on record with the patient whom only the body names', async () => {
    const plan = { protocol: 'facial', plannedSessions: 400, areas: ['face'], products: ['unknown-product'] };
    const body = { ...plan, consultation: course.consultationId, site: of.site, practitioner: of.practitioner };
    const { status, reads } = await sent('/v1/courses', body);
    expect(status).toBe(422);
    expect(reads).toMatchObject([{ operation: 'planCourse', patients: [of.patient] }]);
  });

  it('that only says that a request cannot be understood, or names nothing, is about nobody', async () => {
    expect(await sent(`/v1/courses/${course.id}/stop`, { wrong: 1 })).toMatchObject({ status: 400, reads: [] });
    expect(await sent(`/v1/courses/${newId()}/stop`, { reason: 'x' })).toMatchObject({ status: 404, reads: [] });
  });

  it('is not told where it cannot be put on record', async () => {
    const { db } = api.pistor.engine;
    await asOwner(db, 'alter table read_record rename to read_record_away');
    try {
      const answer = await api.app.inject({
        ...{ method: 'POST', url: `/v1/courses/${course.id}/complete`, payload: {} },
        headers: { host: '127.0.0.1' },
      });
      expect([answer.statusCode, answer.json()['code']]).toEqual([503, 'reads.unrecorded']);
      expect(answer.body).not.toContain(of.patient);
    } finally {
      await asOwner(db, 'alter table read_record_away rename to read_record');
    }
  });
});
