import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPistor, type Pistor } from '#libs/composition/src/pistor.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { DIRECTORY } from '#libs/treatment/src/directory/directory.projection.js';
import { eventually } from './support/eventually.js';
import { CLI, type PistorProcess, runPistor, startPistor } from './support/pistor-process.js';
import { site } from './support/treatment-history.js';

const EVENTS_OF_A_FRESH_CHAIN = 7;

let folder: string;
let server: PistorProcess | undefined;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor operator '));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

/** The one server that most tests share. */
async function running(): Promise<PistorProcess> {
  server ??= await startPistor(folder);
  return server;
}

const headOf = async (url: string) => ((await (await fetch(`${url}/v1/chain`)).json()) as { head: number }).head;
const fromTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

async function registerSites(url: string, ...codes: readonly string[]): Promise<void> {
  for (const code of codes) {
    const answer = await fetch(`${url}/v1/sites`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code, name: `Site ${code}`, timeZone: 'Europe/Istanbul', language: 'tr' }),
    });
    expect(answer.status).toBe(201);
  }
}

const jsonLines = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** `pistor events follow`, under way. */
function follow(...args: readonly string[]) {
  const child = spawn(process.execPath, [CLI, 'events', 'follow', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  return {
    said,
    positions: () => jsonLines(said.out.slice(0, said.out.lastIndexOf('\n') + 1)).map(({ position }) => position),
    end: async (signal: NodeJS.Signals) => {
      child.kill(signal);
      await once(child, 'close');
      return child.exitCode;
    },
  };
}

describe('pistor events', () => {
  it('reads and counts, through the server that holds the folder', async () => {
    await registerSites((await running()).url, 'A', 'B', 'C');
    const data = ['--data', folder];
    const all = EVENTS_OF_A_FRESH_CHAIN + 3;

    const read = await runPistor(['events', 'read', '--json', '--from', '3', '--limit', '6', ...data]);
    expect(read).toMatchObject({ code: 0, stderr: '' });
    expect(jsonLines(read.stdout).map(({ position }) => position)).toEqual([3, 4, 5, 6, 7, 8]);

    const sites = await runPistor(['events', 'read', '--category', 'site', 'lot', ...data]);
    expect(sites.stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(sites.stdout).toMatch(
      /^ +8 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}SiteRegistered +site-[0-9a-f-]{36}\/0 {2}\{/,
    );
    expect((await runPistor(['events', 'read', '--stream', 'site-1', ...data])).stdout).toBe(
      'There are no such events.\n',
    );

    expect((await runPistor(['events', 'count', ...data])).stdout).toBe(`${all} events\n`);
    const byCategory = await runPistor(['events', 'count', '--by', 'category', '--json', ...data]);
    expect(jsonLines(byCategory.stdout)).toEqual([
      { category: 'protocol', events: EVENTS_OF_A_FRESH_CHAIN },
      { category: 'site', events: 3 },
    ]);
  }, 90_000);

  it.each([
    [['read', '--type', 'SiteRegisterd'], /type.*Near it: SiteRegistered/],
    [['read', '--stream', 'site'], /stream: A stream is named category-id/],
    [['read', '--from', '900'], /The log ends at position \d+\.\n {2}from: Expected a position from 1 to \d+\./],
    [['read', '--limit', '0'], /--limit.*Expected a whole number from 1/],
    [['count', '--by', 'patient'], /by: /],
    [['follow', '--from', '900', '--url'], /The log ends at position/],
  ])(
    'says what to mend in %j',
    async (args, message) => {
      const { url } = await running();
      const target = args.at(-1) === '--url' ? [url] : ['--data', folder];
      const result = await runPistor(['events', ...args, ...target]);
      expect(result).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
    },
    90_000,
  );

  it('follows through the death of the server, leaves nothing out, repeats nothing, and ends well on Ctrl-C', async () => {
    const { url } = await running();
    const head = await headOf(url);
    const following = follow('--url', url, '--from', String(head));
    await registerSites(url, 'D');
    const has = (from: number, to: number) =>
      eventually(`positions up to ${to}`, () =>
        Promise.resolve(following.positions().length > to - from ? true : undefined),
      ).then(() => expect(following.positions()).toEqual(fromTo(from, to)));
    await has(head, head + 1);
    await server?.kill();
    await eventually('a word about the loss', () =>
      Promise.resolve(following.said.err.includes(`Trying again from position ${head + 2}.\n`) ? true : undefined),
    );
    server = await startPistor(folder, ['--no-demo', '--port', new URL(url).port]);
    await registerSites(url, 'E', 'F');
    await has(head, head + 3);
    expect(following.said.err).toContain(`Connected again, from position ${head + 2}.\n`);
    expect(await following.end('SIGINT')).toBe(0);
  }, 120_000);

  it('does not keep a server from ending', async () => {
    const { url, stop } = await running();
    const following = follow('--data', folder);
    await eventually('it follows', async () => {
      await registerSites(url, newId());
      return following.positions().length > 0 ? true : undefined;
    });
    const since = performance.now();
    expect(await stop()).toBe(0);
    server = undefined;
    expect(performance.now() - since).toBeLessThan(8_000);
    expect(await following.end('SIGTERM')).toBe(0);
  }, 90_000);

  it('has nothing to wait for where no server runs, and says so', async () => {
    const result = await runPistor([
      'events',
      'follow',
      '--json',
      '--data',
      folder,
      '--from',
      '6',
      '--type',
      'SiteRegistered',
    ]);
    expect(result).toMatchObject({ code: 0, stderr: expect.stringMatching(/^No server runs on this folder/) });
    expect(
      jsonLines(result.stdout)
        .map(({ position }) => position)
        .slice(0, 3),
    ).toEqual([8, 9, 10]);
  }, 90_000);
});

const openFolder = (): Promise<Pistor> => openPistor(readConfiguration({}, { dataFolder: folder }), silentLog);

describe('pistor projections', () => {
  it('shows what was set aside and applies it again, with an exit code that tells whether all of it is done', async () => {
    const bad = newId();
    const pistor = await openFolder();
    await pistor.engine.db.query(
      `alter table directory_v${DIRECTORY.version}.site add constraint refused check (id <> '${bad}') not valid`,
    );
    const [stream] = [site(bad)];
    await pistor.engine.store.append({
      chain: pistor.chain.id,
      commandId: newId(),
      streams: [{ stream: stream.stream, expectedRevision: 'no-stream', events: stream.events }],
      context: { actor: 'user:test', origin: 'live' },
    });
    pistor.workers.follow();
    await pistor.readModelsAtHead(pistor.chain);
    await pistor.close();

    const data = ['--data', folder];
    const parked = await runPistor(['projections', 'parked', '--json', ...data]);
    expect(jsonLines(parked.stdout)).toMatchObject([
      { projection: 'directory', key: `site-${bad}`, events: 1, error: expect.stringContaining('refused') },
    ]);
    const table = await runPistor(['projections', 'parked', 'directory', ...data]);
    expect(table.stdout).toMatch(new RegExp(`^projection +key .*\\n-+.*\\ndirectory +site-${bad} `));
    expect((await runPistor(['projections', 'parked', 'site_day', ...data])).stdout).toBe('Nothing is set aside.\n');

    const failed = await runPistor(['projections', 'retry', 'directory', '--key', `site-${bad}`, ...data]);
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringMatching(/^site-.*: 0 applied, 1 left: .*refused/) });

    const mended = await openFolder();
    await mended.engine.db.query(`alter table directory_v${DIRECTORY.version}.site drop constraint refused`);
    await mended.close();
    expect(await runPistor(['projections', 'retry', 'directory', '--json', ...data])).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify({ projection: 'directory', key: `site-${bad}`, applied: 1, left: 0, error: null })}\n`,
    });
    expect(await runPistor(['projections', 'retry', 'directory', ...data])).toMatchObject({
      code: 0,
      stdout: 'directory: nothing is set aside.\n',
    });
  }, 120_000);
});
