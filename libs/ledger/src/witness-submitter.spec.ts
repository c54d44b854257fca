import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, openEngine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { newId } from '#libs/kernel/src/ids.js';
import { Counted, LedgerGiven, type LedgerProcess } from '#test/support/ledger-given.js';
import { asOwner, openTestDatabase, type TestDatabase } from '#test/support/test-database.js';
import { openCheckpoint } from './checkpoint.js';
import { parseWitnesses } from './ledger.configuration.js';
import { migrateLedger } from './ledger.migrations.js';
import { runWitness, type RunningWitness } from './run-witness.js';
import { parseVkey } from './signed-note.js';
import { WitnessSubmitter } from './witness-submitter.js';

let test: TestDatabase;
let engine: Engine;
let chain: Chain;
let given: LedgerGiven;
let process: LedgerProcess;
let witness: RunningWitness;
const folders: string[] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  engine = await openEngine({ db: test.db, masterKey: () => new MasterKey(randomBytes(32)), eventTypes: [Counted] });
  await migrateLedger(test.db);
});
afterAll(async () => {
  await engine.close();
  await test.close();
  for (const each of folders) rmSync(each, { recursive: true });
});
beforeEach(async () => {
  await asOwner(test.db, 'delete from ledger_key');
  chain = await engine.chains.ensure(newId(), true);
  given = new LedgerGiven(engine, chain);
  process = given.process();
  await grow(5);
  const folder = mkdtempSync(join(tmpdir(), 'pistor witness '));
  folders.push(folder, given.folder);
  witness = await runWitness({ name: 'witness.example', folder, logs: await keys(), host: '127.0.0.1', port: 0 });
});
afterEach(() => witness.close());

const keys = async () => (await process.reader.keysOf(chain)).map(({ vkey }) => parseVkey(vkey));
const grow = async (count: number) => {
  await given.append(count);
  await process.catchUp();
};
const submitter = (url = witness.url, of = process, said: string[] = []) =>
  new WitnessSubmitter({
    ...{ tables: of.tables, reader: of.reader, witnesses: parseWitnesses(`${witness.vkey} ${url}/`) },
    chains: engine.chains,
    log: { warn: (_, message) => said.push(message), error: (_, message) => said.push(message) },
    owns: (each) => each.id === chain.id,
  });
const signers = async () =>
  openCheckpoint(await process.reader.checkpoint(chain), [...(await keys()), parseVkey(witness.vkey)]).signers.map(
    ({ name }) => name,
  );

describe('checkpoints that are shown to a witness', () => {
  it('are served with its co-signature', async () => {
    const shown = submitter();
    expect(await signers()).toHaveLength(1);
    await shown.tick();
    expect(await signers()).toContain('witness.example');
    await grow(300);
    expect(await signers()).not.toContain('witness.example');
    await shown.tick();
    expect(await signers()).toContain('witness.example');
    expect(shown.problems()).toEqual([]);
  });

  it('go on where another process has stopped: the witness says how far it has come', async () => {
    await submitter().tick();
    await grow(20);
    const said: string[] = [];
    await submitter(witness.url, process, said).tick();
    expect(await signers()).toContain('witness.example');
    expect(said).toEqual([]);
  });

  it('of a database that was put back are refused, and it is said why', async () => {
    await grow(20);
    await submitter().tick();
    await asOwner(test.db, `delete from ledger_publication where chain = ${chain.no} and size > 5`);
    const said: string[] = [];
    const later = submitter(witness.url, process, said);
    await later.tick();
    await later.tick();
    expect(later.problems()).toEqual([{ witness: 'witness.example', problem: expect.stringContaining('put back') }]);
    expect(said).toHaveLength(1);
  });

  it('are published all the same while the witness is away, or answers nonsense', async () => {
    const server: Server = createServer((_, response) => response.end('\u2014 witness.example AAAAAAAA\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const nonsense = submitter(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await nonsense.tick();
    server.close();
    const away = submitter('http://127.0.0.1:1');
    await away.tick();
    for (const each of [nonsense, away]) expect(each.problems()).toHaveLength(1);
    expect(await signers()).toHaveLength(1);
  });
});

describe('the list of witnesses', () => {
  it('is one or several keys with addresses', () => {
    const line = `${witness.vkey} https://witness.example/pistor/`;
    expect(parseWitnesses(`${line}, \n# a comment\n${line}`)).toMatchObject([
      { url: 'https://witness.example/pistor' },
      { url: 'https://witness.example/pistor' },
    ]);
    expect(parseWitnesses(undefined)).toEqual([]);
  });

  it.each(['nonsense', 'a+b+c http://x', '@/nowhere'])('is refused as %s, by the name of its variable', (text) => {
    expect(() => parseWitnesses(text)).toThrow(
      expect.objectContaining({
        code: 'configuration.invalid',
        fields: [expect.objectContaining({ field: 'PISTOR_WITNESSES' })],
      }),
    );
  });

  it('is refused with the key of a ledger, or without an address', async () => {
    const [log] = await process.reader.keysOf(chain);
    for (const text of [
      `${log?.vkey} http://x`,
      witness.vkey,
      `${witness.vkey} ftp://x`,
      `${witness.vkey} http://x y`,
    ]) {
      expect(() => parseWitnesses(text)).toThrow(expect.objectContaining({ code: 'configuration.invalid' }));
    }
  });
});
