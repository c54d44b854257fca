import { newId } from '#libs/kernel/src/ids.js';
import { signatureViewSchema } from '#libs/signature/src/signature.commands.js';
import { asOwner } from './support/test-database.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { CourseHistory, patient, practitioner, site } from './support/treatment-history.js';

/** Entries are signed over HTTP, and a signature shows when what it stands under was changed. */
let api: TestApi;
const of = { site: newId(), patient: newId(), practitioner: newId() };
const other = { ...of, patient: newId() };
const course = new CourseHistory(of).performed('2026-05-10T14:00');

beforeAll(async () => {
  api = await openTestApi();
  const people = [site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), patient(other.patient)];
  await api.append(...people, ...course.streams());
  await api.followed();
}, 60_000);
afterAll(() => api.close());

async function positionOf(type: string): Promise<number> {
  const { rows } = await api.pistor.engine.db.query<{ position: string }>(
    `select position from event_log where chain = $1 and header like '%"' || $2 || '"%' order by position limit 1`,
    [api.pistor.chain.no, type],
  );
  return Number(rows[0]?.position);
}

async function sign(position: number, meaning: string, patientId = of.patient) {
  const url = `/v1/patients/${patientId}/signatures`;
  const headers = { host: '127.0.0.1' };
  const answer = await api.app.inject({ method: 'POST', url, headers, payload: { position, meaning } });
  return { status: answer.statusCode, body: answer.json<Record<string, any>>() };
}
const listed = async () =>
  ((await api.get(`/v1/patients/${of.patient}/signatures`)).body.items as unknown[]).map((item) =>
    signatureViewSchema.parse(item),
  );

describe('signatures under a record', () => {
  it('stand under the exact entry, and are told with who and when', async () => {
    const position = await positionOf('ConsentSigned');
    expect((await sign(position, 'consent')).status).toBe(200);
    expect((await sign(position, 'consent')).status).toBe(200);
    expect(await listed()).toEqual([
      expect.objectContaining({
        position,
        entry: 'ConsentSigned',
        meaning: 'consent',
        signer: 'user:demo',
        intact: true,
      }),
    ]);
  });

  it('[signature.own-record] stand under nothing of another patient, and under nothing that is not there', async () => {
    const position = await positionOf('ConsentSigned');
    for (const [at, patientId] of [
      [position, other.patient],
      [999_999, of.patient],
      [await positionOf('SiteRegistered'), of.patient],
    ] as const) {
      const refused = await sign(at, 'authorship', patientId);
      expect([refused.status, refused.body['code']]).toEqual([404, 'signature.entry-unknown']);
    }
  });

  it('are refused with the rule, what was seen and what would be accepted', async () => {
    const refused = await sign(await positionOf('SessionPerformed'), 'consent');
    expect(refused.status).toBe(422);
    expect(refused.body['errors'] ?? refused.body['fields']).toEqual([
      expect.objectContaining({ rule: 'signature.meaning', seen: 'consent', accepted: 'authorship' }),
    ]);
  });

  it('show that an entry was changed beneath them', async () => {
    const position = await positionOf('SessionPerformed');
    await sign(position, 'authorship');
    expect((await listed())[0]).toMatchObject({ position, intact: true });
    await asOwner(
      api.pistor.engine.db,
      `update event_log set data = replace(data, '"face"', '"neck"') where position = ${position}`,
    );
    expect((await listed())[0]).toMatchObject({ position, intact: false });
  });
});
