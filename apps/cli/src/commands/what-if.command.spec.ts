import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '#libs/kernel/src/ids.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, lot, patient, practitioner, site } from '#test/support/treatment-history.js';
import { addProtocols } from './protocols.command.js';
import { runCommand } from '#test/support/run-command.js';

let api: TestApi;
let url: string;
let folder: string;
const [siteId, patientId, practitionerId] = [newId(), newId(), newId()] as [string, string, string];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor what-if '));
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  const address = api.app.getHttpServer().address() as { port: number };
  url = `http://127.0.0.1:${address.port}`;
  const course = new CourseHistory({ site: siteId, patient: patientId, practitioner: practitionerId })
    .performed('2025-01-06T10:00')
    .performed('2025-01-20T10:00')
    .performed('2025-02-03T10:00');
  const people = [patient(patientId), practitioner({ id: practitionerId })];
  await api.append(site(siteId), ...people, lot(siteId), ...course.streams());
}, 60_000);
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  process.exitCode = undefined;
});

/** Runs `pistor protocols what-if …`. @returns what it printed, and the exit code that it asks for */
const run = (...args: readonly string[]) => runCommand([addProtocols], ['protocols', 'what-if', ...args]);

const inYear = () => ['--from', '2025-01-01', '--to', '2025-12-31', '--url', url];

/** A file with `facial`, changed. */
async function file(change: (protocol: Protocol) => void): Promise<string> {
  const protocol = structuredClone(builtInProtocol('facial')) as Protocol;
  change(protocol);
  const path = join(folder, `${newId()}.json`);
  await writeFile(path, JSON.stringify(protocol));
  return path;
}
const longer = () => file(({ intervalDays }) => Object.assign(intervalDays, { min: 21, max: 28 }));

describe('pistor protocols what-if', () => {
  it('sums up what would be different under the protocol of a file', async () => {
    const { said, code } = await run(await longer(), ...inYear());
    expect(said).toMatch(
      /^2025-01-01 to 2025-12-31: 1 course with 3 performed sessions\.\n\nwhat would differ +how many\n/,
    );
    expect(said).toMatch(/\nsessions that would be blocked +2\n {2}interval-short +2\n/);
    expect(said).toMatch(/\ndue dates that would move +3\n/);
    expect(code).toBe(0);
  });

  it('says so when nothing would differ', async () => {
    const { said } = await run(await file(() => undefined), ...inYear());
    expect(said).toBe('2025-01-01 to 2025-12-31: 1 course with 3 performed sessions. Nothing would differ.\n');
  });

  it('prints a JSON object for each course and one with the sums, of a draft that is stored', async () => {
    const payload = { code: 'facial', draft: { ...builtInProtocol('facial'), checkUps: [] } };
    const answer = await api.app.inject({
      method: 'POST',
      url: '/v1/protocols/drafts',
      headers: { host: '127.0.0.1' },
      payload,
    });
    const { id } = answer.json<{ id: string }>();
    const { said } = await run('--draft', id, '--json', ...inYear());
    const lines = said
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, { due: unknown[] }>);
    expect(lines.map((line) => Object.keys(line))).toEqual([['course'], ['summary']]);
    expect(lines[0]?.['course']?.due).toHaveLength(3);
    expect(lines[1]).toMatchObject({ summary: { courses: 1, differing: 1, dueDatesMoved: 3 } });
  });

  it('replays the courses of a site, and those of another protocol, when asked to', async () => {
    const copy = await file((protocol) => {
      protocol.code = 'own-facial';
    });
    expect((await run(copy, '--over', 'facial', '--site', siteId, ...inYear())).said).toContain('1 course with 3');
    expect((await run(copy, '--over', 'facial', '--site', newId(), ...inYear())).said).toContain('0 courses with 0');
    await expect(run(copy, ...inYear())).rejects.toMatchObject({ status: 404, problem: { code: 'protocol.unknown' } });
  });

  it('replays nothing for a file that is to be mended, and shows what', async () => {
    const spoilt = await file((protocol) => delete protocol.title['fr']);
    expect(await run(spoilt, ...inYear())).toEqual({
      said: expect.stringMatching(/^place +what to mend [^]*missing-language[^]*\nNothing was replayed\.\n$/),
      code: 1,
    });
  });

  it('asks for one of file and draft, and for days of the calendar', async () => {
    await expect(run(...inYear())).rejects.toThrow('Name a file with a protocol, or a draft');
    await expect(run(await longer(), '--draft', newId(), ...inYear())).rejects.toThrow('one of the two');
    await expect(run(await longer(), '--from', '2025-02-30', '--to', '2025-03-01')).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
    await expect(run('--draft', newId(), ...inYear())).rejects.toMatchObject({ status: 404 });
  });
});
