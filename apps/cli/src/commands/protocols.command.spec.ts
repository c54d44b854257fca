import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '#libs/kernel/src/ids.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { addProtocols } from './protocols.command.js';
import { runCommand } from '#test/support/run-command.js';

let api: TestApi;
let url: string;
let folder: string;
/** Of a protocol that no other test knows. */
let code: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor protocols '));
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  const address = api.app.getHttpServer().address() as { port: number };
  url = `http://127.0.0.1:${address.port}`;
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  code = `own-${newId()}`;
});
afterEach(() => {
  process.exitCode = undefined;
});

/** Runs `pistor protocols …`. @returns what it printed, and the exit code that it asks for */
const run = (...args: readonly string[]) => runCommand([addProtocols], ['protocols', ...args]);

const at = () => ['--url', url];

/** A file with a copy of `facial` under the code of the test. */
async function file(change: (protocol: Protocol) => void = () => undefined): Promise<string> {
  const protocol = structuredClone(builtInProtocol('facial')) as Protocol;
  protocol.code = code;
  change(protocol);
  const path = join(folder, `${newId()}.json`);
  await writeFile(path, JSON.stringify(protocol));
  return path;
}

const drafts = async () =>
  ((await api.get('/v1/protocols/drafts?limit=500')).body.items as { code: string }[]).filter(
    (draft) => draft.code === code,
  );

describe('pistor protocols', () => {
  it('lists every version with its state', async () => {
    await run('publish', await file(), ...at());
    await run('retire', code, '1', ...at());
    const { said } = await run('list', ...at());
    expect(said).toMatch(/^protocol +version +state +published +retired +title\n/);
    expect(said).toMatch(new RegExp(`\n${code} +1 +retired +\\d{4}-\\d\\d-\\d\\d +\\d{4}-\\d\\d-\\d\\d +Facial`));
    const lines = (await run('list', '--json', ...at())).said.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ code: 'facial', version: 1, state: 'published', retiredAt: null }),
    );
  });

  it('shows a protocol as what may be published again', async () => {
    await run('publish', await file((own) => (own.lapse.afterDays = 60)), ...at());
    const { said } = await run('show', code, ...at());
    expect(JSON.parse(said)).toMatchObject({ code, version: 1, lapse: { afterDays: 60 } });
    expect(JSON.parse((await run('show', 'facial', '--version', '1', ...at())).said)).toEqual(
      builtInProtocol('facial'),
    );
    await expect(run('show', 'facial', '--version', '9', ...at())).rejects.toMatchObject({ status: 404 });
  });

  it('validates a file without any data, and ends with 1 when there is something to mend', async () => {
    expect(await run('validate', await file())).toEqual({
      said: expect.stringContaining('nothing to mend'),
      code: 0,
    });
    const spoilt = await file((own) => delete own.title.fr);
    expect(await run('validate', spoilt)).toEqual({
      said: expect.stringMatching(
        /^place +what to mend .*\n-+.*\ntitle +The text in fr is missing\. +missing-language/,
      ),
      code: 1,
    });
    expect(JSON.parse((await run('validate', spoilt, '--json')).said)).toEqual({
      code: 'missing-language',
      path: 'title',
      message: 'The text in fr is missing.',
      facts: [],
    });
  });

  it('says what is wrong with a file that holds no protocol', async () => {
    await expect(run('validate', join(folder, 'none.json'))).rejects.toThrow('cannot be read');
    const path = join(folder, 'list.json');
    await writeFile(path, '[]');
    await expect(run('validate', path)).rejects.toThrow('holds no JSON object');
    await writeFile(path, '{');
    await expect(run('publish', path, ...at())).rejects.toThrow('is no JSON');
  });

  it('publishes a file as the next version, once', async () => {
    const first = await file();
    expect((await run('publish', first, ...at())).said).toBe(`${code} version 1 is published.\n`);
    expect((await run('publish', first, ...at())).said).toBe(`${code} version 1 says this already.\n`);
    const second = await file((own) => (own.lapse.afterDays = 60));
    expect(JSON.parse((await run('publish', second, '--json', ...at())).said)).toEqual({ code, version: 2, new: true });
    await api.followed();
    expect(await drafts()).toEqual([]);
  });

  it('publishes nothing and leaves nothing behind of a file that is to be mended', async () => {
    const spoilt = await file((own) => (own.sessions.min = 6));
    expect(await run('publish', spoilt, ...at())).toEqual({
      said: expect.stringMatching(/range-reversed[^]*Nothing was published\.\n$/),
      code: 1,
    });
    await api.followed();
    expect(await drafts()).toEqual([]);
    expect((await api.get(`/v1/protocols/${code}`)).status).toBe(404);
  });

  it('retires a version of a protocol that exists', async () => {
    await run('publish', await file(), ...at());
    expect((await run('retire', code, '1', ...at())).said).toBe(
      `${code} version 1 is retired: no new course is planned with it.\n`,
    );
    await expect(run('retire', code, '2', ...at())).rejects.toMatchObject({ status: 404 });
    await expect(run('retire', code, 'one', ...at())).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  });
});
