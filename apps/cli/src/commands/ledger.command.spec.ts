import { setTimeout as pause } from 'node:timers/promises';
import { openCheckpoint } from '#libs/ledger/src/checkpoint.js';
import { parseVkey } from '#libs/ledger/src/signed-note.js';
import { runCommand } from '#test/support/run-command.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { site } from '#test/support/treatment-history.js';
import { addLedger } from './ledger.command.js';

let api: TestApi;
let url: string;

beforeAll(async () => {
  api = await openTestApi();
  await api.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(api.app.getHttpServer().address() as { port: number }).port}`;
  await api.append(site(), site());
  await api.pistor.ledger.sequencer.tick();
});
afterAll(() => api.close());

/** Runs `pistor ledger …`. @returns what it printed */
const run = async (...args: readonly string[]) =>
  (await runCommand([addLedger], ['ledger', ...args, '--url', url])).said;
const keys = async () =>
  JSON.parse(await run('keys', '--json')) as { keys: { vkey: string; untilSize: number | null }[] };

describe('pistor ledger', () => {
  it('prints the newest checkpoint as it is signed', async () => {
    const note = await run('checkpoint');
    const trusted = (await keys()).keys.map(({ vkey }) => parseVkey(vkey));
    expect(openCheckpoint(note, trusted).size).toBe(await api.pistor.engine.store.head(api.pistor.chain.id));
  });

  it('prints proofs, of an event and of two trees', async () => {
    const inclusion = JSON.parse(await run('proof', '2', '--json')) as { index: number; proof: string[] };
    expect(inclusion).toMatchObject({ index: 1, proof: expect.any(Array) });
    expect(await run('proof', '2')).toContain(inclusion.proof[0]);
    const { size } = JSON.parse(await run('proof', '1', '--json')) as { size: number };
    expect(JSON.parse(await run('proof', '--from', '1', '--json'))).toMatchObject({ from: 1, to: size });
    await expect(run('proof', '999999')).rejects.toMatchObject({ problem: { code: 'ledger.size-not-reached' } });
  });

  it('lets another key sign', async () => {
    await run('rotate-key');
    await api.append(site());
    await pause(1_010);
    await api.pistor.ledger.sequencer.tick();
    expect((await keys()).keys.map(({ untilSize }) => untilSize)).toEqual([null, null]);
    await run('rotate-key', '--finish');
    await expect(run('rotate-key', '--finish')).rejects.toMatchObject({ problem: { code: 'ledger.no-rotation' } });
    expect(await run('keys')).toMatch(/^from +until +key/);
  });
});
