import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { newId } from '#libs/kernel/src/ids.js';
import { runCommand } from '#test/support/run-command.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, patient, practitioner, site } from '#test/support/treatment-history.js';
import { addEvidence } from './evidence.command.js';
import { addReport } from './report.command.js';

let api: TestApi;
let url: string;
let folder: string;
const of = { site: newId(), patient: newId(), practitioner: newId() };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor report '));
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(api.app.getHttpServer().address() as { port: number }).port}`;
  const course = new CourseHistory(of).performed('2026-05-10T14:00');
  await api.append(site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), ...course.streams());
  await api.pistor.ledger.sequencer.tick();
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

const MAY = ['--from', '2026-05-01', '--to', '2026-05-31'];

describe('pistor report compliance', () => {
  it('prints the bytes of the report, and the same ones from its checkpoint', async () => {
    const run = async (...args: readonly string[]) =>
      (await runCommand([addReport], ['report', 'compliance', '--site', of.site, ...MAY, ...args, '--url', url])).said;
    const said = await run();
    const { sessions, checkpoint } = JSON.parse(said) as { sessions: object; checkpoint: { size: number } };
    expect(sessions).toMatchObject({ performed: 1, patients: 1 });
    expect(await run('--checkpoint', String(checkpoint.size))).toBe(said);
  });

  it('is proved by a file that pistor evidence writes', async () => {
    const out = join(folder, 'report.json');
    const { said } = await runCommand([addEvidence], ['evidence', 'report', ...MAY, '--out', out, '--url', url]);
    expect(said).toContain('it is the same to the byte');
    expect(verifyBundle(await readFile(out))).toMatchObject({ outcome: 'valid', problem: null });
  });
});
