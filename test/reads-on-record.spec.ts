import { buildOpenApi } from '#libs/http/src/openapi.js';
import { newId } from '#libs/kernel/src/ids.js';
import { disclosureSchema } from '#libs/read-record/src/disclosures.query.js';
import { readsChainOf } from '#libs/read-record/src/reads-chain.js';
import { eventually } from './support/eventually.js';
import { asOwner } from './support/test-database.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { CourseHistory, patient, practitioner, site } from './support/treatment-history.js';

/** Whoever sees data of a patient is on record before they see it, over HTTP. */
let api: TestApi;
const of = { site: newId(), patient: newId(), practitioner: newId() };
const other = { ...of, patient: newId() };
const stranger = newId();
const course = new CourseHistory(of).performed('2026-05-10T14:00');
const second = new CourseHistory(other).performed('2026-05-11T14:00');

beforeAll(async () => {
  api = await openTestApi();
  const people = [site(of.site), practitioner({ id: of.practitioner })];
  const patients = [patient(of.patient), patient(other.patient), patient(stranger)];
  await api.append(...people, ...patients, ...course.streams(), ...second.streams());
  await api.followed();
}, 60_000);
afterAll(() => api.close());

interface Kept {
  readonly position: number;
  readonly patients: readonly string[] | null;
  readonly header: { readonly operation: string; readonly kind: string; readonly purpose: string; principal: string };
}

async function kept(): Promise<Kept[]> {
  const { rows } = await api.pistor.engine.db.query<{ position: string; header: string; data: string }>(
    'select position, header, data from read_record where chain = $1 order by position',
    [api.pistor.chain.no],
  );
  return rows.map(({ position, header, data }) => ({
    position: Number(position),
    header: JSON.parse(header) as Kept['header'],
    ...(JSON.parse(data) as { patients: string[] | null }),
  }));
}

/** What was put on record by one request. */
async function readBy(url: string, headers: Record<string, string> = {}, payload?: object): Promise<Kept[]> {
  const before = (await kept()).length;
  const answer = await api.app.inject({
    ...{ url, headers: { host: '127.0.0.1', ...headers } },
    ...(payload && { method: 'POST', payload }),
  });
  expect([url, answer.statusCode]).toEqual([url, 200]);
  return (await kept()).slice(before);
}

describe('reads on record', () => {
  it.each([
    ['a patient', () => `/v1/patients/${of.patient}`, 'getPatient'],
    ['a timeline', () => `/v1/patients/${of.patient}/timeline`, 'getPatientTimeline'],
    ['what holds of somebody’s health', () => `/v1/patients/${of.patient}/health`, 'getPatientHealth'],
    ['who a person is', () => `/v1/patients/${of.patient}/person`, 'getPatientPerson'],
    ['a course', () => `/v1/courses/${course.id}`, 'getCourse'],
    ['a course’s history', () => `/v1/courses/${course.id}/history`, 'getCourseHistory'],
    [
      'what stands against a course, which names nobody',
      () => `/v1/courses/${course.id}/standing`,
      'getCourseStanding',
    ],
    ['who has seen it', () => `/v1/patients/${of.patient}/disclosures`, 'listDisclosures'],
  ])('name the patient of %s', async (_, url, operation) => {
    const read = await readBy(url());
    expect(read).toHaveLength(1);
    expect(read[0]).toMatchObject({
      patients: [of.patient],
      header: { operation, kind: 'read', purpose: 'treatment', principal: 'user:demo' },
    });
  });

  it('name everybody on a list, and nobody else', async () => {
    const [read, ...more] = await readBy('/v1/courses');
    expect(more).toEqual([]);
    expect(read?.patients).toEqual([of.patient, other.patient].sort());
    const [all] = await readBy('/v1/patients');
    expect(all?.patients).toEqual([of.patient, other.patient, stranger].sort());
  });

  it('tell a search from other reads, and leave out one that found nobody', async () => {
    const search = (text: string) => readBy('/v1/patients/search', {}, { search: text });
    expect(await search('Nobody-of-this-name')).toEqual([]);
    const [found] = await search('Şahin');
    expect(found?.header.kind).toBe('search');
    expect(found?.patients).toContain(of.patient);
    expect(JSON.stringify(found)).not.toContain('ahin');
  });

  it('leave out what is about no patient', async () => {
    for (const url of ['/v1/sites', '/v1/practitioners', '/v1/protocols', '/v1/rules', '/health/ready']) {
      expect(await readBy(url)).toEqual([]);
    }
  });

  it('say of a file that holds everything that it is about anybody', async () => {
    const before = (await kept()).length;
    const answer = await api.app.inject({ method: 'POST', url: '/v1/backup', headers: { host: '127.0.0.1' } });
    expect(answer.statusCode).toBe(200);
    const [read] = (await kept()).slice(before);
    expect(read).toMatchObject({ patients: null, header: { operation: 'takeBackup', kind: 'export' } });
  });

  it('take their purpose where the document says that an operation may answer with data of patients', () => {
    const { paths } = buildOpenApi(api.app, '1.0.0') as unknown as { paths: Record<string, Record<string, any>> };
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    const takes = (id: string) =>
      (operations.find(({ operationId }) => operationId === id)?.parameters ?? []).some(
        ({ $ref }: { $ref?: string }) => $ref === '#/components/parameters/PistorPurpose',
      );
    const disclosing = ['getPatient', 'listPatients', 'getCourse', 'listEvents', 'takeBackup', 'getPatientEvidence'];
    expect(disclosing.filter((id) => !takes(id))).toEqual([]);
    const others = ['listSites', 'getProtocol', 'getLedgerState', 'getSignIn', 'signEntry', 'beginSignature'];
    expect(others.filter(takes)).toEqual([]);
  });

  it('say why, as whoever asks says it', async () => {
    const [read] = await readBy(`/v1/patients/${of.patient}`, { 'pistor-purpose': 'insurance-claim' });
    expect(read?.header.purpose).toBe('insurance-claim');
    const headers = { host: '127.0.0.1', 'pistor-purpose': 'Jane <script>' };
    const refused = await api.app.inject({ url: `/v1/patients/${of.patient}`, headers });
    expect([refused.statusCode, refused.json()['code']]).toEqual([400, 'purpose.malformed']);
  });

  it('are told to whom they are about, newest first, page by page', async () => {
    await readBy(`/v1/patients/${stranger}`);
    await readBy(`/v1/patients/${stranger}/timeline`);
    const first = await api.get(`/v1/patients/${stranger}/disclosures?limit=2`);
    const items = (first.body.items as unknown[]).map((item) => disclosureSchema.parse(item));
    expect(items.map(({ operation }) => operation)).toEqual(['listDisclosures', 'getPatientTimeline']);
    const next = await api.get(`/v1/patients/${stranger}/disclosures?limit=2&cursor=${String(first.body['next'])}`);
    const older = next.body.items as { operation: string; position: number }[];
    expect(older[0]?.operation).toBe('getPatient');
    expect(older[0]?.position).toBeLessThan(items[1]?.position as number);
    const exported = await api.get(`/v1/patients/${stranger}/disclosures?kind=export`);
    expect((exported.body.items as object[])[0]).toMatchObject({ operation: 'takeBackup', ofAnybody: true });
  });

  it('have positions without a gap, however many are read at once', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, n) => api.get(`/v1/patients/${n % 2 ? of.patient : stranger}`)));
    const positions = (await kept()).map(({ position }) => position);
    expect(positions).toEqual(positions.map((_, n) => n + 1));
  });

  it('cannot be changed or taken away by the application', async () => {
    const { db } = api.pistor.engine;
    for (const sql of [
      `update read_record set data = '{}'`,
      'delete from read_record',
      'truncate read_record',
      `insert into read_record values (1, 1000000, now(), '{}', '{}', null)`,
      'update read_head set position = 0',
    ]) {
      await expect(db.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('stand in a tree of their own, which shows when one is changed', async () => {
    const { sequencer } = api.pistor.readRecord.ledger;
    const [read] = await readBy(`/v1/patients/${of.patient}`);
    const position = read?.position as number;
    const published = async () => {
      await sequencer.tick();
      const proof = await api.get(`/v1/ledger/reads/proofs/inclusion?position=${position}`);
      return proof.status === 200 ? proof.body : undefined;
    };
    expect(await eventually('a checkpoint', published, 20_000)).toMatchObject({ position });
    const checkpoint = await api.app.inject({ url: '/v1/ledger/reads/checkpoint', headers: { host: '127.0.0.1' } });
    expect(checkpoint.body.split('\n')[0]).toBe(`pistor/${api.pistor.chain.id}.reads`);
    const events = await api.app.inject({ url: '/v1/ledger/checkpoint', headers: { host: '127.0.0.1' } });
    expect(events.body).not.toContain('.reads');

    const { db } = api.pistor.engine;
    await sequencer.stop();
    await asOwner(db, `update read_record set data = '{"patients":[]}' where position = ${position}`);
    // A tree is looked at when it has to grow.
    await readBy('/v1/courses');
    await eventually(
      'the change is seen',
      async () => {
        await sequencer.tick();
        return api.pistor.readRecord.ledger.problem(readsChainOf(api.pistor.chain));
      },
      20_000,
    );
    await asOwner(db, `update read_record set data = '{"patients":["${of.patient}"]}' where position = ${position}`);
  });

  it('come before the answer: what cannot be put on record is not shown', async () => {
    const { db } = api.pistor.engine;
    await asOwner(db, 'alter table read_record rename to read_record_away');
    try {
      const answer = await api.get(`/v1/patients/${of.patient}`);
      expect([answer.status, answer.body['code']]).toEqual([503, 'reads.unrecorded']);
      expect(JSON.stringify(answer.body)).not.toContain(of.patient);
      expect((await api.get('/v1/sites')).status).toBe(200);
    } finally {
      await asOwner(db, 'alter table read_record_away rename to read_record');
    }
    expect((await api.get(`/v1/patients/${of.patient}`)).status).toBe(200);
  });
});
