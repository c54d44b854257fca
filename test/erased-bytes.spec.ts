import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { restore } from '#libs/composition/src/restore.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { newId } from '#libs/kernel/src/ids.js';
import { type BackupPlace, backUpTo, openBackupPlace } from './support/backup-given.js';
import { findBytes, needlesOfText } from './support/bytes-of.js';
import { eventually } from './support/eventually.js';
import { erase, type Person, run, SAID, treated } from './support/erased-person.js';

/*
 * A person is treated, told of it, backed up and erased, on real files. Then every byte of these files is looked at: the
 * data folder with PostgreSQL's tables and its log of changes, the folder of keys, the backup, what the process said, and
 * what the old backup becomes when it is restored.
 */

let place: BackupPlace;
let source: Configuration;
let target: Configuration;
let person: Person;
let backup: string;
let said: string;

beforeAll(async () => {
  place = await openBackupPlace();
  source = place.embedded();
  target = place.embedded();
  backup = place.fileName();
  let running = await run(source);
  person = await treated(running, source.keysFolder);
  await running.pistor.readModelsAtHead(running.pistor.chain);
  await running.close();
  const before = running.lines;
  await backUpTo(backup, source);
  running = await run(source);
  await erase(running, person);
  await running.close();
  said = join(place.folder, 'said.log');
  await writeFile(said, [...before, ...running.lines].join('\n'));
}, 300_000);
afterAll(() => place.remove());

it('finds what is there: the search would notice', async () => {
  // Ids and dates stand open, so they are found; and so is a word in whatever way it is written.
  expect(await findBytes(needlesOfText(person.id).slice(0, 1), source.dataFolder)).not.toEqual([]);
  expect(await findBytes(needlesOfText(person.id).slice(0, 1), said, source.keysFolder)).not.toEqual([]);
  const sample = join(place.folder, `sample ${newId()}`);
  await mkdir(sample);
  for (const { as, bytes } of needlesOfText(SAID.familyName)) {
    await writeFile(join(sample, 'one'), Buffer.concat([Buffer.from('.'), bytes, Buffer.from('.')]));
    expect([as, (await findBytes(person.needles, sample)).length > 0]).toEqual([as, true]);
  }
});

it('[erasure.final] leaves nothing of the person, and no key of theirs, in the data folder, its log of changes or the keys', async () => {
  expect(await findBytes(person.needles, source.dataFolder, source.keysFolder)).toEqual([]);
  expect(await findBytes(person.bucketKey, source.dataFolder, source.keysFolder)).toEqual([]);
}, 120_000);

it('[erasure.final] leaves nothing of the person in what the process said', async () => {
  expect(await findBytes([...person.needles, ...person.bucketKey], said)).toEqual([]);
});

it('[erasure.final] leaves an older backup that no key opens any more', async () => {
  expect(await findBytes([...person.needles, ...person.bucketKey], backup)).toEqual([]);
});

describe('the older backup, restored', () => {
  beforeAll(async () => {
    await restore(backup, target);
  }, 120_000);

  it('[erasure.restored] has the person erased before anything serves it', async () => {
    const db = await openPglite(target.dataFolder);
    const { rows: keys } = await db.query<{ destroyed: boolean }>(
      'select wrapped is null and destroyed_at is not null as destroyed from subject_key where subject = any($1::uuid[])',
      [[person.id, person.user]],
    );
    const { rows: events } = await db.query<{ type: string }>(
      `select header::json ->> 'type' as type from event_log where stream = $1 order by revision`,
      [`patient-${person.id}`],
    );
    const { rows: codes } = await db.query('select 1 from external_code where id = $1', [person.id]);
    const { rows: signIns } = await db.query('select 1 from access_passkey where user_id = $1', [person.user]);
    await db.close();
    expect(keys).toEqual(Array(6).fill({ destroyed: true }));
    expect(signIns).toEqual([]);
    expect(events.at(-1)).toEqual({ type: 'PatientErased' });
    expect(codes).toEqual([]);
  });

  it('[erasure.restored] has everybody else, those too whose keys the changed bucket wraps', async () => {
    const running = await run(target);
    await running.pistor.readModelsAtHead(running.pistor.chain);
    expect((await running.send('GET', `/v1/patients/${person.survivor}`)).body).toMatchObject({
      familyName: 'Survivorsen',
    });
    expect((await running.send('GET', `/v1/patients/${person.id}`)).body).toMatchObject({ name: null, health: null });
    expect((await running.send('GET', `/v1/patients/${person.id}/erasure`)).body).toMatchObject({
      ...{ state: expect.stringMatching(/erased|final/), erased: { by: null } },
    });
    // Without a name from the beginning; the log says it as soon as a worker has looked at the accounts.
    expect((await running.send('GET', `/v1/users/${person.user}`)).body).toMatchObject({ name: null });
    await eventually('a closed account', async () =>
      (await running.send('GET', `/v1/users/${person.user}`)).body['status'] === 'disabled' ? true : undefined,
    );
    expect((await running.send('GET', `/v1/users/${person.user}`)).body).toMatchObject({ name: null, grants: [] });
    await running.close();
  }, 120_000);

  it('[erasure.restored] has nothing of the person in any byte', async () => {
    expect(await findBytes([...person.needles, ...person.bucketKey], target.dataFolder)).toEqual([]);
  }, 120_000);

  it('[erasure.restored] is refused where nobody could tell who was erased since', async () => {
    const elsewhere = { ...place.embedded(), keysFolder: join(place.folder, 'no keys here') };
    await expect(restore(backup, elsewhere)).rejects.toMatchObject({ code: 'restore.no-erasure-register' });
    // And where the keys that wrap everything in it are not there, whatever is said about the register.
    await expect(restore(backup, elsewhere, { withoutRegister: true })).rejects.toMatchObject({
      code: 'key-vault.problem',
    });
  }, 120_000);
});
