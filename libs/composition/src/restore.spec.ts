import { createReadStream, existsSync } from 'node:fs';
import { copyFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBackup } from '#libs/backup/src/backup-reader.js';
import { TABLE_DECISIONS } from '#libs/backup/src/table-decisions.js';
import { migrate } from '#libs/database/src/migrations.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { type Configuration, readConfiguration } from '#libs/engine/src/configuration.js';
import { masterKeyFromFile } from '#libs/event-store/src/master-key.js';
import { newId } from '#libs/kernel/src/ids.js';
import { MESSAGES_SCHEMA } from '#libs/messaging/src/messages/messages.projection.js';
import {
  type BackupPlace,
  backUpTo,
  contentOf,
  inPistor,
  liveALittle,
  makeEmpty,
  openBackupPlace,
  registerSite,
  writeMasterKey,
} from '#test/support/backup-given.js';
import { startChild } from '#test/support/child-process.js';
import { asOwner } from '#test/support/test-database.js';
import { backUp } from './back-up.js';
import { bringUpToDate, MIGRATION_SOURCES } from './bring-up-to-date.js';
import { openDatabase } from './open-database.js';
import { checkBackup, restore } from './restore.js';

let place: BackupPlace;
let source: Configuration;
let file: string;
let firstAnswer: object;

beforeAll(async () => {
  place = await openBackupPlace();
  source = place.embedded();
  firstAnswer = await liveALittle(source);
  file = place.fileName();
  await backUpTo(file, source);
}, 300_000);
afterAll(() => place.remove());

const read = (of: string) => contentOf(readBackup(createReadStream(of)));

/** Tables of ours that are there after every migration. */
async function tablesOf(configuration: Configuration): Promise<string[]> {
  const db = await openPglite(configuration.dataFolder);
  const { rows } = await db.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`,
  );
  await db.close();
  return rows.map(({ name }) => name);
}

describe('what a backup holds', () => {
  it('is decided for every table that there is: who adds one says in table-decisions.ts what becomes of it', async () => {
    const fresh = place.embedded();
    await bringUpToDate(fresh);
    expect(Object.keys(TABLE_DECISIONS).sort()).toEqual(await tablesOf(fresh));
  });

  it('orders every table that it keeps by a key that tells its rows apart', async () => {
    const db = await openPglite(source.dataFolder);
    const { rows } = await db.query<{ name: string; key: string }>(
      `select i.indrelid::regclass::text as name,
              (select string_agg(a.attname, ',' order by k.n) from unnest(i.indkey) with ordinality as k(no, n)
                 join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.no) as key
       from pg_index i where i.indisprimary and i.indrelid::regclass::text !~ '[.]'`,
    );
    await db.close();
    const keys = new Map(rows.map(({ name, key }) => [name, key]));
    for (const [name, decision] of Object.entries(TABLE_DECISIONS)) {
      if (decision.keep !== 'nothing') expect([name, decision.key.join(',')]).toEqual([name, keys.get(name)]);
    }
  });

  it('says of itself what it is, in its first lines', async () => {
    const text = (await readFile(file)).toString('latin1');
    expect(text.slice(0, 16)).toBe('pistor-backup 1\n');
    const { manifest } = JSON.parse(text.slice(16, text.indexOf('\n', 16))) as { manifest: object };
    expect(manifest).toMatchObject({ format: 1, version: '0.1.0', mode: 'embedded', chains: [{ slug: 'main' }] });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('has every event, and not the master key', async () => {
    const { manifest, lines } = await read(file);
    const head = await inPistor(source, ({ engine, chain }) => engine.store.head(chain.id));
    expect(manifest.chains[0]!.head).toBe(head);
    expect(lines['event_log']!.length).toBe(head);
    expect(head).toBeGreaterThan(500);
    const key = (await readFile(place.masterKeyFile, 'utf8')).trim();
    expect(JSON.stringify({ manifest, lines })).not.toContain(key);
  });

  it('has no read model, no lease and no key of another process', async () => {
    const { lines } = await read(file);
    const checkpoints = lines['projection_checkpoint']!.map((line) => (JSON.parse(line) as string[])[0]);
    expect(new Set(checkpoints)).toEqual(
      new Set(['erasure_finisher', 'held_message_waker', 'maintenance_booking', 'message_planner', 'task_raiser']),
    );
    for (const left of ['import_lease', 'dispatch_handed_over', 'schema_migrations'])
      expect(lines[left]).toBeUndefined();
  });
});

describe('a restore', () => {
  it('brings back every row, and the same again when it is backed up anew', async () => {
    const target = place.embedded();
    await restore(file, target);
    const again = place.fileName();
    await backUpTo(again, target);
    const [before, after] = [await read(file), await read(again)];
    // What only meant the processes of that instant, and the closed dispatch, are all that differs.
    const { chain_clock_target: _, dispatch_gate: gate, projection_checkpoint: __, ...rows } = after.lines;
    for (const [table, lines] of Object.entries(rows)) expect([table, lines]).toEqual([table, before.lines[table]]);
    expect(Object.keys(after.lines).sort()).toEqual([...Object.keys(before.lines), 'dispatch_gate'].sort());
    expect(gate!.length).toBe(1);
    const log = `event_log of ${before.manifest.chains[0]!.id}`;
    expect(after.contents[log]).toBe(before.contents[log]);
    expect(after.manifest.chains).toEqual([{ ...before.manifest.chains[0], now: expect.any(String) }]);
  });

  it('gives a system in which everything goes on: commands, repeats, read models, rights', async () => {
    const target = place.embedded();
    await restore(file, target);
    await inPistor(target, async (pistor) => {
      const { engine, chain } = pistor;
      const head = await engine.store.head(chain.id);
      // A request that is repeated gets its first answer, and a new one the next position.
      expect(await registerSite(pistor)).toEqual({ status: 201, body: firstAnswer });
      expect(await engine.store.head(chain.id)).toBe(head);
      const other = {
        key: 'the-second-site',
        body: { code: 'IZM', name: 'İzmir', timeZone: 'Europe/Istanbul', language: 'tr' },
      };
      expect(await registerSite(pistor, other)).toMatchObject({ status: 201 });
      expect(await engine.store.head(chain.id)).toBe(head + 1);
      expect((await engine.chains.ensure('another', true)).no).toBeGreaterThan(chain.no);
      await pistor.readModelsAtHead(chain);
      const write = engine.db.query(`update event_log set data = '{}'`);
      await expect(write).rejects.toMatchObject({ code: '42501' });
      const { rows } = await engine.db.query('select driver, lease_until::text from chain_clock_target');
      expect(rows).toEqual([{ driver: null, lease_until: '-infinity' }]);
    });
  });

  it('shows the same read models as the system that was backed up', async () => {
    const target = place.embedded();
    await restore(file, target);
    const rows = ({ engine }: Parameters<Parameters<typeof inPistor>[1]>[0]) =>
      engine.db.query(
        `select message_id, status, due_at, next_due, generation from ${MESSAGES_SCHEMA}.message order by 1`,
      );
    const [was, is] = [await inPistor(source, rows), await inPistor(target, rows)];
    expect(is.rows).toEqual(was.rows);
    expect(is.rows.length).toBeGreaterThan(0);
  });

  it('closes dispatch from the instant of the backup on, in every chain', async () => {
    const target = place.embedded();
    const { manifest } = await restore(file, target);
    const db = await openPglite(target.dataFolder);
    const { rows } = await db.query('select chain, doubt_since, reason from dispatch_gate');
    await db.close();
    const reason = expect.stringContaining(manifest.takenAt);
    expect(rows).toEqual([{ chain: 1, doubt_since: new Date(manifest.chains[0]!.now), reason }]);
  });

  it('keeps the earlier doubt of a system that was restored before and not opened since', async () => {
    const [target, second] = [place.embedded(), place.embedded()];
    const { manifest } = await restore(file, target);
    const again = place.fileName();
    await backUpTo(again, target);
    await restore(again, second);
    const db = await openPglite(second.dataFolder);
    const { rows } = await db.query<{ doubt_since: Date }>('select doubt_since from dispatch_gate');
    await db.close();
    expect(rows[0]!.doubt_since.toISOString()).toBe(manifest.chains[0]!.now);
  });

  it('takes up tables of an older version and brings them up to date', async () => {
    const [old, target, name] = [place.embedded(), place.embedded(), place.fileName()];
    await makeEmpty(old.dataFolder);
    const { fingerprint } = masterKeyFromFile(place.masterKeyFile, false);
    const db = await openPglite(old.dataFolder);
    for (const each of MIGRATION_SOURCES) await migrate(db, { ...each, last: each.name === 'messaging' ? 2 : 99 });
    const insert = `insert into master_key (fingerprint) values ('${fingerprint}');
      insert into chain (id, slug, sandbox, position) values ('${newId()}', 'main', true, 1);
      insert into event_log values (1, 1, 'site-x', 0, clock_timestamp(), '${newId()}', 1, '{}', '{"a": 1}')`;
    await asOwner(db, insert);
    await db.close();
    await backUpTo(name, old);
    const { manifest } = await restore(name, target);
    expect(manifest.migrations.filter(({ component }) => component === 'messaging').length).toBe(2);
    expect(manifest.tables.map(({ table }) => table)).not.toContain('dispatch_gate');
    const later = await openPglite(target.dataFolder);
    const { rows } = await later.query('select doubt_since is not null as doubted from dispatch_gate');
    expect(rows).toEqual([{ doubted: true }]);
    expect((await later.query('select stream, data from event_log')).rows).toEqual([
      { stream: 'site-x', data: '{"a": 1}' },
    ]);
    await later.close();
    expect(await bringUpToDate(target)).toMatchObject({ applied: [] });
  });
});

describe('a backup is refused, and nothing is written,', () => {
  /** What is said of a file, with its folder as it was before. */
  async function refusal(of: string, target = place.embedded()): Promise<{ code: string; message: string }> {
    const error = await restore(of, target).then(
      () => ({ code: 'none', message: 'it was restored' }),
      (thrown: { code: string; message: string }) => thrown,
    );
    expect(existsSync(target.dataFolder) ? await readdir(target.dataFolder) : []).toEqual([]);
    return error;
  }

  it('when any one byte of it was changed, with where', async () => {
    const { size } = await stat(file);
    // In the manifest, in the middle, and in the seal.
    for (const at of [300, Math.floor(size / 3), Math.floor(size / 2), size - 200]) {
      const changed = place.fileName();
      const bytes = await readFile(file);
      bytes[at] = bytes[at]! ^ 1;
      await writeFile(changed, bytes);
      const { code, message } = await refusal(changed);
      expect(code).toBe('backup.damaged');
      expect(message).toMatch(/in (?:its manifest|block \d+|its seal).* \(byte \d+\)/);
    }
  });

  it('when its end is missing, with where it ends', async () => {
    const { size } = await stat(file);
    for (const at of [20, 5_000, Math.floor(size / 2), size - 1]) {
      const cut = place.fileName();
      await copyFile(file, cut);
      await truncate(cut, at);
      expect(await refusal(cut)).toMatchObject({
        code: 'backup.damaged',
        message: expect.stringContaining(`byte ${at}`),
      });
    }
  });

  it('when something stands after its end', async () => {
    const longer = place.fileName();
    await writeFile(longer, Buffer.concat([await readFile(file), Buffer.from('x')]));
    expect(await refusal(longer)).toMatchObject({
      code: 'backup.damaged',
      message: expect.stringContaining('after its seal'),
    });
  });

  it('when it was sealed by somebody who does not hold the master key', async () => {
    const forged = place.fileName();
    const text = (await readFile(file)).toString('latin1');
    await writeFile(forged, text.replace(/"hmac":"[0-9a-f]{64}"/, `"hmac":"${'0'.repeat(64)}"`), 'latin1');
    expect(await refusal(forged)).toMatchObject({ message: expect.stringContaining('not sealed with the master key') });
  });

  it('when it was made under another master key, naming both', async () => {
    const target = place.embedded();
    const other = readConfiguration({}, { dataFolder: target.dataFolder });
    await makeEmpty(target.dataFolder);
    await writeMasterKey(other.masterKeyFile);
    const { manifest } = await read(file);
    const error = await restore(file, other).catch((thrown: { code: string; message: string }) => thrown);
    expect(error).toMatchObject({ code: 'backup.other-master-key', data: { wrappedBy: manifest.masterKey } });
    expect(error).toMatchObject({ message: expect.stringMatching(/[0-9a-f]{16}.*[0-9a-f]{16}/) });
    expect(await readdir(target.dataFolder)).toEqual(['master.key']);
  });

  it('when the master key is not there, saying where it belongs', async () => {
    const missing = readConfiguration({}, { dataFolder: place.embedded().dataFolder });
    const message = expect.stringContaining(missing.masterKeyFile);
    expect(await refusal(file, missing)).toMatchObject({ code: 'master-key.problem', message });
  });

  it('when it was made by a newer version, saying which', async () => {
    const newer = await edited(file, (manifest) => {
      manifest.version = '9.1.0';
      manifest.migrations.push({ component: 'event-store', number: 99, name: '0099_new.sql', checksum: 'x' });
    });
    expect(await refusal(newer)).toMatchObject({ code: 'backup.newer', message: expect.stringContaining('9.1.0') });
    const format = place.fileName();
    await writeFile(format, `pistor-backup 2\n{"about":{"version":"9.2.0"}}\n`);
    expect(await refusal(format)).toMatchObject({ code: 'backup.newer', message: expect.stringContaining('9.2.0') });
  });

  it('when it is something else', async () => {
    const other = place.fileName();
    await writeFile(other, 'id;name\n1;a\n');
    expect(await refusal(other)).toMatchObject({ code: 'backup.unreadable' });
    expect(await refusal(place.fileName())).toMatchObject({ code: 'backup.no-file' });
  });

  it('when there is something where it should go, saying what', async () => {
    const target = place.embedded();
    await makeEmpty(target.dataFolder);
    await writeFile(join(target.dataFolder, 'notes.txt'), '');
    const message = expect.stringContaining('notes.txt');
    await expect(restore(file, target)).rejects.toMatchObject({ code: 'restore.not-empty', message });
    await expect(restore(file, source)).rejects.toMatchObject({
      code: 'restore.not-empty',
      data: { found: ['pgdata'] },
    });
    expect(await readdir(target.dataFolder)).toEqual(['notes.txt']);
  });
});

describe('no backup is made', () => {
  it('over another file', async () => {
    await expect(backUpTo(file, source)).rejects.toMatchObject({ code: 'backup.exists' });
  });

  it('of a database that was written with another master key than the one at hand', async () => {
    const key = join(place.folder, 'other.key');
    await writeMasterKey(key);
    const attempt = backUpTo(place.fileName(), { ...source, masterKeyFile: key });
    await expect(attempt).rejects.toMatchObject({ code: 'backup.other-key' });
  });

  it('of a database in which nothing was ever recorded', async () => {
    const fresh = place.embedded();
    await bringUpToDate(fresh);
    await expect(backUpTo(place.fileName(), fresh)).rejects.toMatchObject({ code: 'backup.nothing' });
  });
});

it('is of one instant, however much is written while it is taken', async () => {
  const target = place.embedded();
  await restore(file, target);
  const busy = place.fileName();
  await inPistor(target, async (pistor) => {
    const { db, master } = pistor.engine;
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n += 1) {
        const body = { code: `S${n}`, name: `Site ${n}`, timeZone: 'Europe/Istanbul', language: 'tr' };
        await registerSite(pistor, { key: `busy-${n}`, body });
      }
    })();
    const parts = readBackup(backUp({ db, master, version: '0.1.0' }));
    const chunks: Buffer[] = [];
    for await (const { bytes } of parts) chunks.push(bytes);
    writing = false;
    await writer;
    await writeFile(busy, Buffer.concat(chunks));
  });
  const { manifest, lines } = await read(busy);
  const answered = lines['idempotency_key']!.map((line) => JSON.parse(line) as string[]);
  const commands = new Set(lines['event_log']!.map((line) => (JSON.parse(line) as string[])[5]));
  expect(manifest.chains[0]!.head).toBe(lines['event_log']!.length);
  // Every request that was answered has its events, and every site its code: nothing of two instants is mixed.
  for (const [, , , command, status] of answered) if (status !== null) expect(commands.has(command)).toBe(true);
});

describe('killed in the middle,', () => {
  it('a backup leaves no file under its name', async () => {
    const unfinished = place.fileName();
    const child = startChild('test/support/backup-process.ts', [
      'backup',
      unfinished,
      source.dataFolder,
      place.masterKeyFile,
    ]);
    await child.line(/^block 3$/);
    await child.end('SIGKILL');
    expect(existsSync(unfinished)).toBe(false);
    // And stands in nobody's way.
    await backUpTo(unfinished, source);
    expect((await read(unfinished)).lines['event_log']).toEqual((await read(file)).lines['event_log']);
  });

  it('a restore leaves a folder that says so and cannot be started, and the same again begins anew', async () => {
    const target = place.embedded();
    for (const at of [/^restoring$/, /^block 5$/, /^seal$/]) {
      const args = ['restore', file, target.dataFolder, place.masterKeyFile];
      const child = startChild('test/support/backup-process.ts', args);
      await child.line(at);
      await child.end('SIGKILL');
      for (const open of [() => openDatabase(target), () => bringUpToDate(target)]) {
        await expect(open()).rejects.toMatchObject({ code: 'restore.unfinished' });
      }
      await expect(backUpTo(place.fileName(), target)).rejects.toMatchObject({ code: 'restore.unfinished' });
    }
    await restore(file, target);
    const again = place.fileName();
    await backUpTo(again, target);
    expect((await read(again)).lines['event_log']).toEqual((await read(file)).lines['event_log']);
  }, 180_000);
});

it('is checked without a place to restore it to, and without its key', async () => {
  const { manifest, seal, bytes } = await checkBackup(file);
  expect(manifest.chains.length).toBe(1);
  expect(bytes).toBeGreaterThan(seal.bytes);
});

/** The backup with another manifest, sealed by nobody: enough for what is looked at first. */
async function edited(
  of: string,
  edit: (manifest: Awaited<ReturnType<typeof read>>['manifest']) => void,
): Promise<string> {
  const bytes = await readFile(of);
  const end = bytes.indexOf(10, 16);
  const { manifest } = JSON.parse(bytes.subarray(16, end).toString()) as { manifest: Parameters<typeof edit>[0] };
  edit(manifest);
  const name = place.fileName();
  await writeFile(
    name,
    Buffer.concat([bytes.subarray(0, 16), Buffer.from(JSON.stringify({ manifest })), bytes.subarray(end)]),
  );
  return name;
}
