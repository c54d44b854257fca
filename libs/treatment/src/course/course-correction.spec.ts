import { PaperClinic } from '#test/support/paper-clinic.js';
import { refusalOf, type TestApi } from '#test/support/test-api.js';

/**
 * Corrections over HTTP: histories show what was entered and what it was corrected to, read models follow, and what was
 * known before the correction is still told as it was known then.
 */
let clinic: PaperClinic;
let api: TestApi;
let physician: string;
let patient: string;
let consultation: string;

beforeAll(async () => {
  clinic = await PaperClinic.open();
  ({ api, physician } = clinic);
  patient = await clinic.register();
  await clinic.receive('L1');
  consultation = await clinic.clear(patient, 61);
});
afterAll(() => api?.close());

const ago = (days: number) => clinic.ago(days);
const FAR = ['interval-short', 'interval-long'].map((deviation) => ({ deviation, reason: 'as it was' }));

interface Shown {
  readonly eventId: string;
  readonly type: string;
  readonly wall: string | null;
  readonly corrections: readonly { readonly changed: readonly { readonly field: string }[] }[];
}

async function historyOf(course: string): Promise<readonly Shown[]> {
  await api.followed();
  return (await api.get(`/v1/courses/${course}/history`)).body.items as Shown[];
}

async function entryOf(course: string, wanted: string): Promise<string> {
  return (await historyOf(course)).find(({ type }) => type === wanted)?.eventId as string;
}

const planOf = (wall: string) => api.made('/v1/courses', clinic.plan(consultation, { at: wall }));
const session = (course: string, days: number) =>
  api.made(
    `/v1/courses/${course}/sessions/recorded`,
    clinic.session(`${ago(days)}T10:00`, { kind: 'course', overrides: FAR }),
  );

/** Says the one entry of a type anew. */
const correct = async (course: string, data: { readonly type: string } & Record<string, unknown>) =>
  api.post(`/v1/courses/${course}/entries/${await entryOf(course, data.type)}/correct`, {
    ...{ data, reason: 'typed wrongly' },
  });

const instantNow = () => api.pistor.engine.chains.now(api.pistor.chain);

describe('when a course was planned, said anew', () => {
  it('[course.entered-late] moves in histories, timelines and what was true on a day, and stays where it was known to be', async () => {
    const course = await planOf(`${ago(60)}T10:00`);
    await session(course, 50);
    const known = await instantNow();
    expect((await api.get(`/v1/courses/${course}?asOf=${ago(58)}`)).status).toBe(200);
    expect((await correct(course, { type: 'CoursePlanned', at: `${ago(55)}T11:00` })).status).toBe(200);
    const history = await historyOf(course);
    expect(history.map(({ type, wall }) => [type, wall])).toEqual([
      ['CoursePlanned', `${ago(55)}T11:00`],
      ['SessionPerformed', `${ago(50)}T10:00`],
    ]);
    expect(history[0]?.corrections.map(({ changed }) => changed.map(({ field }) => field))).toEqual([['occurredAt']]);
    // On a day before it, there was no course; that is not what was known until then.
    expect((await api.get(`/v1/courses/${course}?asOf=${ago(58)}`)).status).toBe(404);
    const then = await api.get(`/v1/courses/${course}?asOf=${ago(58)}&knownAt=${known}`);
    expect([then.status, then.body['performed']]).toEqual([200, 0]);
    const { body } = await api.get(`/v1/patients/${patient}/timeline?limit=100`);
    const shown = (body.items as { type: string; wall: string | null; course: { id: string } | null }[]).filter(
      (entry) => entry.course?.id === course,
    );
    expect(shown.find(({ type }) => type === 'CoursePlanned')?.wall).toBe(`${ago(55)}T11:00`);
    expect((await api.get(`/v1/courses/${course}`)).body).toMatchObject({ performed: 1, deviations: {} });
  });

  it('[consultation.cleared] [correction.plan-first] is refused before its consultation and after its first session, as a plan that is entered late', async () => {
    const course = await planOf(`${ago(60)}T12:00`);
    await session(course, 49);
    const early = await correct(course, { type: 'CoursePlanned', at: `${ago(62)}T10:00` });
    expect(refusalOf(early)).toEqual([422, ['consultation.cleared']]);
    expect(early.body['fields'][0]).toMatchObject({
      ...{ field: 'data.at', facts: ['S2-V1', 'S3-V1'], seen: ago(61) },
      accepted: expect.stringContaining('cleared by'),
    });
    const late = await correct(course, { type: 'CoursePlanned', at: `${ago(49)}T10:01` });
    expect(refusalOf(late)).toEqual([422, ['correction.plan-first']]);
    expect(late.body['fields'][0]).toMatchObject({ field: 'data.at', seen: `${ago(49)}T10:01` });
    const come = await correct(course, { type: 'CoursePlanned', at: `${clinic.ago(-1)}T10:00` });
    expect(refusalOf(come)).toEqual([422, ['correction.in-future']]);
    // A session that was entered as before the plan is recorded once the plan is said anew.
    const before = clinic.session(`${ago(61)}T16:00`, { kind: 'course', overrides: FAR });
    const record = () => api.post(`/v1/courses/${course}/sessions/recorded`, before);
    expect(refusalOf(await record())).toEqual([422, ['session.before-plan']]);
    expect((await correct(course, { type: 'CoursePlanned', at: `${ago(61)}T15:00` })).status).toBe(200);
    expect((await record()).status).toBe(201);
  });
});

describe('the answers of a check, said anew', () => {
  const detail = async (course: string, query = '') => {
    await api.followed();
    const { body } = await api.get(`/v1/courses/${course}${query}`);
    const [{ needsReview, checkUndecided }] = body['sessions'] as [Record<string, unknown>];
    return { needsReview, checkUndecided };
  };

  it('[session.held] wait for a review where no physician had decided on a yes, until one has reviewed it', async () => {
    const course = await planOf(`${ago(60)}T13:00`);
    const id = await session(course, 30);
    const known = await instantNow();
    expect(await detail(course)).toEqual({ needsReview: false, checkUndecided: false });
    const data = { type: 'SessionPerformed', check: { 'new-medication': 'yes' } };
    expect((await correct(course, data)).status).toBe(200);
    expect(await detail(course)).toEqual({ needsReview: true, checkUndecided: true });
    expect(await detail(course, `?knownAt=${known}`)).toEqual({ needsReview: false, checkUndecided: false });
    expect(await detail(course, `?asOf=${ago(1)}`)).toEqual({ needsReview: true, checkUndecided: true });
    await api.made(`/v1/courses/${course}/sessions/${id}/review`, {
      ...{ physician, outcome: 'no-harm', note: 'an antihistamine' },
    });
    expect(await detail(course)).toEqual({ needsReview: false, checkUndecided: true });
  });

  it('[session.held] take it off the list again where that was the mistake', async () => {
    const course = await planOf(`${ago(60)}T14:00`);
    await session(course, 28);
    await correct(course, { type: 'SessionPerformed', check: { 'new-medication': 'yes' } });
    expect(await detail(course)).toEqual({ needsReview: true, checkUndecided: true });
    await correct(course, { type: 'SessionPerformed', check: { 'new-medication': 'no' } });
    expect(await detail(course)).toEqual({ needsReview: false, checkUndecided: false });
  });

  it('[session.contraindication-absolute] tell the record of the patient what holds beyond the session, from its day on', async () => {
    const other = await clinic.register({ givenName: 'Eda' });
    const course = await api.made(
      '/v1/courses',
      clinic.plan(await clinic.clear(other, 61), { at: `${ago(60)}T10:00` }),
    );
    await session(course, 40);
    await session(course, 20);
    const history = await historyOf(course);
    const [, later] = history.filter(({ type }) => type === 'SessionPerformed');
    const known = await instantNow();
    await api.made(`/v1/courses/${course}/entries/${later?.eventId}/correct`, {
      ...{ data: { type: 'SessionPerformed', check: { pregnancy: 'yes' } }, reason: 'the form says yes' },
    });
    await api.followed();
    const shown = async (query = '') =>
      ((await api.get(`/v1/courses/${course}${query}`)).body['sessions'] as Record<string, unknown>[]).map(
        ({ needsReview, deviations }) => [needsReview, deviations],
      );
    expect(await shown()).toEqual([
      [false, []],
      [true, ['interval-long', 'contraindication']],
    ]);
    expect(await shown(`?knownAt=${known}`)).toEqual([
      [false, []],
      [false, ['interval-long']],
    ]);
    // Nothing goes on in any course of the patient until the record says otherwise.
    const next = await api.post(`/v1/courses/${course}/sessions/recorded`, {
      ...clinic.session(`${ago(2)}T10:00`, { kind: 'course', overrides: FAR }),
    });
    expect(refusalOf(next)).toEqual([422, expect.arrayContaining(['session.contraindication-absolute'])]);
  });
});
