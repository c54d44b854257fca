import { newId } from '#libs/kernel/src/ids.js';
import { bucketOf } from '#libs/event-store/src/key-vault.js';
import { runCommand } from '#test/support/run-command.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { patient } from '#test/support/treatment-history.js';
import { addErasure } from './erasure.command.js';
import { addKeys } from './keys.command.js';

let api: TestApi;
let url: string;
const id = newId();

beforeAll(async () => {
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(api.app.getHttpServer().address() as { port: number }).port}`;
  await api.append(patient(id));
});
afterAll(() => api.close());

/** Runs `pistor …`. @returns what it printed */
const run = async (...args: readonly string[]) =>
  (await runCommand([addErasure, addKeys], [...args, '--url', url])).said;

describe('pistor keys', () => {
  it('shows where the keys of buckets are, and gives one of them another key', async () => {
    const bucket = String(bucketOf(id));
    expect(await run('keys')).toMatch(new RegExp(`^file: .*bucket\\.keys\n[^]*\n +${bucket} +1 +1 +2 +\\d{4}-`));
    expect(await run('keys', 'rotate', '--bucket', bucket)).toBe(`bucket ${bucket}: version 2, 2 keys wrapped anew\n`);
    expect(JSON.parse(await run('keys', 'list', '--json'))).toMatchObject({
      ...{ vault: { kind: 'file' }, waiting: 0 },
      items: expect.arrayContaining([
        expect.objectContaining({ bucket: Number(bucket), newest: 2, oldest: 2, keys: 2 }),
      ]),
    });
    expect(await run('erasure', 'status', id)).toContain('state: none');
  });
});

describe('pistor erasure', () => {
  it('[erasure.legal-hold] sets and lifts a legal hold, and erases with a second person', async () => {
    const holdId = /legal hold (\S+) is set/.exec(await run('legal-hold', 'set', id, '--reason', 'a claim'))![1]!;
    expect(await run('erasure', 'status', id)).toMatch(/stands against it: erasure\.legal-hold/);
    const request = ['erasure', 'request', id, '--ground', 'patient-asked', '--reason', 'asked by letter'];
    await expect(run(...request)).rejects.toThrow('A legal hold stands');
    expect(await run('legal-hold', 'lift', id, holdId, '--reason', 'settled')).toBe(`${id}: lifted\n`);
    const first = /erasure (\S+) waits for a second person/.exec(await run(...request))![1]!;
    expect(await run('erasure', 'decline', id, first, '--reason', 'not yet')).toBe(`${id}: declined\n`);
    const second = /erasure (\S+) waits/.exec(await run(...request))![1]!;
    await expect(run('erasure', 'confirm', id, second)).rejects.toThrow('a second person decides');
    expect(await run('erasure', 'confirm', id, second, '--as-second-person')).toContain(
      'nothing of the person can be read',
    );
    expect(await run('erasure', 'list')).toMatch(new RegExp(`${second} +${id} \\(erased\\) +erased +patient-asked`));
    expect(await run('erasure', 'list', '--state', 'declined')).toContain(first);
    expect(await run('erasure', 'status', id)).toContain(`erasure ${second}, final: `);
    expect(await run('erasure', 'proposals')).toBe('Every record still has to be kept.\n');
  });
});
