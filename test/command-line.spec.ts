import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPistor, startPistor } from './support/pistor-process.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor commands '));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the command line', () => {
  it.each([
    ['courses'],
    ['maintenance'],
    ['lots'],
    ['protocols', 'list'],
    ['protocols', 'show', 'facial'],
    ['protocols', 'retire', 'facial', '1'],
    ['timeline', 'P-1'],
    ['projections', 'list'],
    ['projections', 'rebuild', 'course_progress'],
    ['projections', 'parked'],
    ['projections', 'retry', 'course_progress'],
    ['events', 'read'],
    ['events', 'follow'],
    ['events', 'count'],
  ])('makes no data folder for %s %s', async (...command) => {
    const missing = join(folder, 'missing');
    const result = await runPistor([...command.filter(Boolean), '--data', missing]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toBe(
      `There is no data of Pistor in ${missing}. Name its folder with --data, or make one: pistor start, pistor import.\n`,
    );
    expect(existsSync(missing)).toBe(false);
  });

  it('makes no data folder for a history that is not there', async () => {
    const missing = join(folder, 'missing');
    const result = await runPistor(['import', join(folder, 'none'), '--data', missing]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^There is nothing to read at /);
    expect(existsSync(missing)).toBe(false);
  });

  it.each(['foo', 'localhost:3000', 'file:///etc'])('says that %s is not the URL of a server', async (url) => {
    const result = await runPistor(['courses', '--url', url]);
    expect(result.code).toBe(1);
    expect(result.stderr).toBe(
      `--url "${url}" is not a URL of a server. Write it in full, for example http://127.0.0.1:3000.\n`,
    );
  });

  it('names a port that is taken, and ends', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const result = await runPistor(['start', '--no-demo', '--data', join(folder, 'data'), '--port', String(port)]);
    other.close();
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toBe(
      `Port ${port} is taken by another process. Stop that process, or choose another one with --port or PORT; ` +
        '0 takes any that is free.\n',
    );
  }, 60_000);

  it('says at the start where the data is', async () => {
    const data = join(folder, 'data');
    const server = await startPistor(data);
    await server.kill();
    expect(server.said).toContain(`with its data in ${data}.`);
  }, 60_000);
});
