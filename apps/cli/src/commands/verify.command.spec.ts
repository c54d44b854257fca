import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '#libs/kernel/src/ids.js';
import { runCommand } from '#test/support/run-command.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { asOwner } from '#test/support/test-database.js';
import { CourseHistory, patient, practitioner, site } from '#test/support/treatment-history.js';
import { addBackup } from './backup.command.js';
import { addEvidence } from './evidence.command.js';
import { addVerify } from './verify.command.js';

let api: TestApi;
let url: string;
let folder: string;
const of = { site: newId(), patient: newId(), practitioner: newId() };

const pistor = (...args: string[]) => runCommand([addBackup, addEvidence, addVerify], args);
const at = (name: string) => join(folder, name);
const fetched = async (path: string) => (await fetch(`${url}${path}`)).text();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor verify '));
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(api.app.getHttpServer().address() as { port: number }).port}`;
  const course = new CourseHistory(of).performed('2026-05-10T14:00');
  await api.append(site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), ...course.streams());
  await api.followed();
  await api.pistor.ledger.sequencer.tick();
  await writeFile(at('checkpoint.txt'), await fetched('/v1/ledger/checkpoint'));
  const { keys } = JSON.parse(await fetched('/v1/ledger/keys')) as { keys: { vkey: string }[] };
  await writeFile(at('keys.txt'), keys.map(({ vkey }) => `${vkey}\n`).join(''));
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  process.exitCode = 0;
});

/** What is said of the events, and what of their reads. */
const verdictsIn = (said: string) => said.split('\n\n') as [string, string];

const GIVEN = () => ['--key', at('keys.txt'), '--checkpoint', at('checkpoint.txt')];

it('takes the evidence of a patient, which is valid with all that an auditor can have', async () => {
  const taken = await pistor('evidence', 'patient', of.patient, '--url', url, '--out', at('patient.json'));
  expect(taken).toMatchObject({ code: 0, said: expect.stringMatching(/patient\.json: VALID/) });
  const entries = await pistor('evidence', 'entries', '--url', url, '--out', at('entries'));
  expect(entries.said).toMatch(/the entries of \d+ events/);

  const verified = await pistor('verify', at('patient.json'), ...GIVEN(), '--entries', at('entries'));
  expect(verified.code).toBe(0);
  expect(verified.said).toMatch(/they are complete/);
  expect(verified.said).toMatch(/goes on from your checkpoint/);

  await writeFile(at('bad.json'), (await readFile(at('patient.json'), 'utf8')).replace('"revision":1', '"revision":2'));
  expect(await pistor('verify', at('bad.json'))).toMatchObject({
    code: 1,
    said: expect.stringMatching(/^INVALID\. At position \d+/),
  });
});

it('verifies a running server, and a backup of it', async () => {
  const live = await pistor('verify', '--url', url, ...GIVEN());
  expect(live.code).toBe(0);
  const [events, reads] = verdictsIn(live.said);
  expect(events).toMatch(/^main: VALID\./);
  expect(events).not.toMatch(/Not shown/);
  expect(reads).toMatch(/^main reads: VALID\. [1-9]/);
  await pistor('backup', at('whole.backup'), '--url', url);
  const { said } = await pistor('verify', at('whole.backup'), '--json');
  const { chains } = JSON.parse(said) as { chains: { chain: string; outcome: string; notShown: string[] }[] };
  expect(chains).toMatchObject([
    {
      chain: 'main',
      outcome: 'valid',
      notShown: [expect.stringMatching(/--checkpoint/), expect.stringMatching(/--key/)],
    },
    { chain: 'main reads', outcome: 'valid' },
  ]);
});

it('tells the position of what was changed, and ends with 1', async () => {
  await asOwner(api.pistor.engine.db, `update event_log set data = data || ' ' where position = 3`);
  const live = await pistor('verify', '--url', url, ...GIVEN());
  expect(live.code).toBe(1);
  expect(verdictsIn(live.said)[0]).toBe(
    'main: INVALID.\nPosition 3: The row is not what the ledger has committed. ' +
      `The tiles give the root of the checkpoint of size ${await size()}: it is the row that was changed.`,
  );
  await asOwner(api.pistor.engine.db, `update event_log set data = rtrim(data) where position = 3`);
});

it('tells of a server that a read was taken out of the account of a patient, and ends with 1', async () => {
  await api.get(`/v1/patients/${of.patient}`);
  const last = `where position = (select max(position) from read_record where patients is not null)`;
  await asOwner(api.pistor.engine.db, `update read_record set patients = '{}' ${last}`);
  const live = await pistor('verify', '--url', url);
  expect(live.code).toBe(1);
  const [events, reads] = verdictsIn(live.said);
  expect(events).toMatch(/^main: VALID\./);
  expect(reads).toMatch(
    /^main reads: INVALID\.\nPosition \d+: The patients beside the data, .* are not those in it\.$/m,
  );
  await asOwner(
    api.pistor.engine.db,
    `update read_record set patients = array['${of.patient}']::uuid[] ${last.replace('is not null', `= '{}'`)}`,
  );
  expect((await pistor('verify', '--url', url)).said).toMatch(/main reads: VALID/);
});

it('tells of a server that it holds events of no chain, which no backup takes along', async () => {
  await asOwner(
    api.pistor.engine.db,
    `insert into event_log select 9999, position, stream, revision, recorded_at, gen_random_uuid(), 1, header, data
     from event_log where position = 1`,
  );
  await expect(pistor('verify', '--url', url)).rejects.toMatchObject({
    problem: { code: 'backup.log-has-strangers' },
    message: expect.stringMatching(/chains that do not exist: 9999/),
  });
  await asOwner(api.pistor.engine.db, 'delete from event_log where chain = 9999');
});

it('refuses a file that is neither, a folder, and one that is not there', async () => {
  await expect(pistor('verify', at('keys.txt'))).rejects.toMatchObject({ code: 'verify.file' });
  await expect(pistor('verify', folder)).rejects.toMatchObject({ code: 'verify.file' });
  await expect(pistor('verify', at('nothing'))).rejects.toMatchObject({ code: 'verify.no-file' });
});

const size = async () => Number((await fetched('/v1/ledger/checkpoint')).split('\n')[1]);
