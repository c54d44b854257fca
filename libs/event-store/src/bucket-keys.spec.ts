import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '#libs/database/src/database.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { newId } from '#libs/kernel/src/ids.js';
import { startChild } from '#test/support/child-process.js';
import { startFakeTransit } from '#test/support/fake-transit.js';
import { openTestDatabase, type TestDatabase } from '#test/support/test-database.js';
import { BucketKeys, settleKeyVault } from './bucket-keys.js';
import { Boxes, type SealedBox } from './boxes.js';
import { type Chain, Chains } from './chains.js';
import { FileKeyVault } from './file.key-vault.js';
import { BucketKeyMissing, bucketOf, type KeyVault, KeyVaultProblem } from './key-vault.js';
import { MasterKey } from './master-key.js';
import { ERASED } from './personal-data.js';
import { migrateEventStore } from './postgres.event-store.js';
import { RewrappedKeys } from './rewrapped-keys.js';
import { SecretKeyVault } from './secret.key-vault.js';
import { SubjectKeys } from './subject-keys.js';
import { TransitKeyVault } from './transit.key-vault.js';

const master = new MasterKey(randomBytes(32));
let test: TestDatabase;
let db: Database;
let folder: string;
let chain: Chain;
let vault: KeyVault;

beforeEach(async () => {
  test = await openTestDatabase();
  ({ db } = test);
  folder = await mkdtemp(join(tmpdir(), 'pistor buckets '));
  await migrateEventStore(db);
  chain = await new Chains(db).ensure('main', true);
  vault = await settleKeyVault(db, (mayCreate) => FileKeyVault.open(join(folder, 'bucket.keys'), mayCreate));
});
afterEach(async () => {
  await test.close();
  await rm(folder, { recursive: true, force: true });
});

const keysOf = (of: KeyVault = vault) => new SubjectKeys(db, master, of);
const bucketsOf = (of: KeyVault = vault) =>
  new BucketKeys({ db, master, vault: of, rewrapped: new RewrappedKeys(folder) });

/** A person of a certain bucket. */
function personIn(bucket: number): string {
  for (;;) {
    const id = newId();
    if (bucketOf(id) === bucket) return id;
  }
}

async function closed(keys: SubjectKeys, subject: string, value = 'Vanderbilt'): Promise<SealedBox> {
  const [box] = await new Boxes(keys).close(chain, [{ subject, class: 'contact', of: subject, value }]);
  if (!box) throw new Error('It was not closed');
  return box;
}

type Destroyed = Awaited<ReturnType<SubjectKeys['destroy']>>[number];
const opened = (box: SealedBox, keys = keysOf()) => new Boxes(keys).open(chain, [box]);
const wrappedBy = async (subject: string) =>
  (await db.query<{ by: string }>('select wrapped_by as by from subject_key where subject = $1', [subject])).rows.map(
    ({ by }) => by,
  );

describe('the key of a bucket', () => {
  it('wraps the keys of its persons, and can be changed without touching what they closed', async () => {
    const [one, other] = [personIn(7), personIn(7)];
    const [boxOne, boxOther] = [await closed(keysOf(), one), await closed(keysOf(), other, 'Onassis')];
    expect(await wrappedBy(one)).toEqual(['7.1', '7.1']);
    expect(await bucketsOf().rotate(7)).toEqual({ bucket: 7, version: 2, rewrapped: 4 });
    expect(await wrappedBy(one)).toEqual(['7.2', '7.2']);
    expect([...(await opened(boxOne)), ...(await opened(boxOther))]).toEqual(['Vanderbilt', 'Onassis']);
    expect((await vault.versions()).get(7)).toMatchObject([{ version: 2 }]);
    expect(await bucketsOf().list()).toMatchObject([{ bucket: 7, newest: 2, oldest: 2, keys: 4 }]);
  });

  it('is told to processes that made keys under the older version: none of theirs is lost', async () => {
    const keys = keysOf();
    await closed(keys, personIn(7));
    await bucketsOf().rotate(7);
    const late = personIn(7);
    const box = await closed(keys, late);
    expect(await wrappedBy(late)).toEqual(['7.2', '7.2']);
    expect(await opened(box)).toEqual(['Vanderbilt']);
  });

  it('[erasure.final] that was destroyed opens nothing any more, in whatever copy of the database', async () => {
    const [erased, survivor] = [personIn(9), personIn(9)];
    const [box, kept] = [await closed(keysOf(), erased), await closed(keysOf(), survivor)];
    const { rows: copy } = await db.query<{ subject: string; wrapped: Buffer }>(
      'select subject, wrapped from subject_key',
    );
    const keys = keysOf();
    expect(await opened(box, keys)).toEqual(['Vanderbilt']);
    const [{ bucket, version }] = (await keys.destroy(chain, [erased])) as unknown as [Destroyed];
    expect(await opened(box, keys)).toEqual([ERASED]);
    expect(await bucketsOf().endVersion(bucket, version)).toBeUndefined();
    expect(await opened(kept)).toEqual(['Vanderbilt']);
    for (const { subject, wrapped } of copy) {
      const boundTo = `${chain.id}/${subject}/contact`;
      await expect(vault.unwrap(9, 1, [{ wrapped, boundTo }])).rejects.toBeInstanceOf(BucketKeyMissing);
    }
    const left = [];
    for await (const each of new RewrappedKeys(folder).of(9)) left.push(each.subject);
    expect(new Set(left)).toEqual(new Set([survivor]));
  });

  it('[erasure.final] ends even where a change of it was under way at the moment of the erasure', async () => {
    const erased = personIn(9);
    await closed(keysOf(), erased);
    const halfway = new BucketKeys({ db, master, vault: failing(vault, 'destroyBelow') });
    await expect(halfway.rotate(9)).rejects.toThrow('killed');
    expect(await wrappedBy(erased)).toEqual(['9.2', '9.2']);
    const [{ version }] = (await keysOf().destroy(chain, [erased])) as unknown as [Destroyed];
    expect(version).toBe(2);
    expect(await bucketsOf().endVersion(9, version)).toBeUndefined();
    expect((await vault.versions()).get(9)).toMatchObject([{ version: 3 }]);
  });

  it('is never made anew for a person whose keys were destroyed, those of classes that were never used included', async () => {
    const person = newId();
    await keysOf().destroy(chain, [person]);
    for (const each of ['clinical', 'contact', 'pictures'] as const) {
      const name = { subject: person, class: each };
      expect([...(await keysOf().findOrCreate(chain, [name])).values()]).toEqual([null]);
    }
  });

  it('is asked for again after a while by whoever missed that a key was destroyed', async () => {
    const person = newId();
    const missed = keysOf();
    const box = await closed(missed, person);
    await keysOf().destroy(chain, [person]);
    expect(await opened(box, missed)).toEqual(['Vanderbilt']);
    const now = performance.now.bind(performance);
    const later = jest.spyOn(performance, 'now').mockImplementation(() => now() + 16_000);
    expect(await opened(box, missed)).toEqual([ERASED]);
    later.mockRestore();
  });
});

/** A vault that dies at one of its acts, before or after it was done. */
function failing(of: KeyVault, act: 'rotate' | 'destroyBelow' | 'wrap', after = false): KeyVault {
  return new Proxy(of, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]) => {
        if (name === act && !after) throw new Error('killed');
        const result = (await (value as (...args: unknown[]) => unknown).apply(target, given)) as unknown;
        if (name === act) throw new Error('killed');
        return result;
      };
    },
  });
}

describe('a change of a key that is interrupted', () => {
  it.each([
    ['before the new key was made', 'rotate', false],
    ['when the new key was made and nobody knew it', 'rotate', true],
    ['before anything was wrapped anew', 'wrap', false],
    ['before the old key was destroyed', 'destroyBelow', false],
    ['when the old key was destroyed and nobody knew it', 'destroyBelow', true],
  ] as const)('%s goes on where it stopped', async (_, act, after) => {
    const person = personIn(7);
    const box = await closed(keysOf(), person);
    const dying = new BucketKeys({
      db,
      master,
      vault: failing(vault, act, after),
      rewrapped: new RewrappedKeys(folder),
    });
    await expect(dying.rotate(7)).rejects.toThrow('killed');
    // A process that starts now finds everything that it needs, and loses nothing.
    await settleKeyVault(db, (mayCreate) => FileKeyVault.open(join(folder, 'bucket.keys'), mayCreate));
    expect(await opened(box)).toEqual(['Vanderbilt']);
    await bucketsOf().rotate(7);
    expect(await opened(box)).toEqual(['Vanderbilt']);
    expect((await vault.versions()).get(7)).toHaveLength(1);
    expect(await settleKeyVault(db, () => vault)).toBe(vault);
  });

  it('by SIGKILL, anywhere, loses nobody’s key', async () => {
    const data = join(folder, 'data');
    const keysFolder = join(folder, 'keys');
    const hex = randomBytes(32).toString('hex');
    const own = new MasterKey(Buffer.from(hex, 'hex'));
    const file = join(keysFolder, 'bucket.keys');
    const boxes: SealedBox[] = [];
    const inFolder = async <T>(
      run: (keys: SubjectKeys, of: Chain, fresh: KeyVault, pglite: Database) => Promise<T>,
    ) => {
      const pglite = await openPglite(data, { scratch: true });
      await migrateEventStore(pglite);
      const fresh = await settleKeyVault(pglite, (mayCreate) => FileKeyVault.open(file, mayCreate));
      const of = await new Chains(pglite).ensure('main', true);
      return run(new SubjectKeys(pglite, own, fresh), of, fresh, pglite).finally(() => pglite.close());
    };
    await inFolder(async (keys, of) => {
      const persons = Array.from({ length: 40 }, (_, n) => personIn(n % 2 === 0 ? 7 : 8));
      const made = await new Boxes(keys).close(
        of,
        persons.map((subject, n) => ({ subject, class: 'contact' as const, of: subject, value: n })),
      );
      boxes.push(...(made as SealedBox[]));
    });
    for (let round = 0; round < 4; round += 1) {
      const child = startChild('test/support/rotate-until-killed.ts', [data, keysFolder, hex, '7', '8']);
      await child.line(/begun/);
      await pause(50 + Math.random() * 400);
      await child.end('SIGKILL');
      await inFolder(async (keys, of, fresh, pglite) => {
        expect(await new Boxes(keys).open(of, boxes)).toEqual(boxes.map((_, n) => n));
        await new BucketKeys({ db: pglite, master: own, vault: fresh }).resume();
        expect(await new Boxes(new SubjectKeys(pglite, own, fresh)).open(of, boxes)).toEqual(boxes.map((_, n) => n));
      });
    }
  }, 240_000);
});

/** As a process of before buckets has written it. */
async function wrapAsBefore(subject: string): Promise<Buffer> {
  const key = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', master.derive('wrapping key'), nonce);
  cipher.setAAD(Buffer.from(`${chain.id}/${subject}/contact`));
  const body = Buffer.concat([cipher.update(key), cipher.final()]);
  await db.query(
    `insert into subject_key (chain, subject, class, wrapped, wrapped_by) values ($1, $2, 'contact', $3, $4)`,
    [chain.no, subject, Buffer.concat([nonce, cipher.getAuthTag(), body]), master.fingerprint],
  );
  return key;
}

describe('keys that are older than buckets', () => {
  it('are read as they are, and wrapped by the keys of their buckets bit by bit', async () => {
    const persons = Array.from({ length: 25 }, () => newId());
    const before = new Map<string, Buffer>();
    for (const person of persons) before.set(person, await wrapAsBefore(person));
    const [gone] = persons as [string];
    await db.query('update subject_key set wrapped = null, destroyed_at = now() where subject = $1', [gone]);
    const names = persons.map((subject) => ({ subject, class: 'contact' as const }));
    const expected = new Map(persons.map((each) => [`${each}/contact`, each === gone ? null : before.get(each)]));
    expect(await keysOf().find(chain, names)).toEqual(expected);
    expect(await bucketsOf().adopt(10)).toBe(10);
    // Interrupted here, both kinds are read.
    expect(await keysOf().find(chain, names)).toEqual(expected);
    expect(await bucketsOf().waiting()).toBeGreaterThan(0);
    while ((await bucketsOf().adopt(10)) > 0);
    expect(await bucketsOf().waiting()).toBe(0);
    expect(await keysOf().find(chain, names)).toEqual(expected);
    expect(await wrappedBy(persons[1]!)).toEqual([`${bucketOf(persons[1]!)}.1`]);
  });
});

describe('a start', () => {
  const start = (take: (mayCreate: boolean) => KeyVault) => settleKeyVault(db, take);

  it('is refused without the keys that the data was written with, and makes no other ones', async () => {
    await closed(keysOf(), newId());
    await rm(join(folder, 'bucket.keys'));
    await expect(start((may) => FileKeyVault.open(join(folder, 'bucket.keys'), may))).rejects.toThrow(
      /are missing, but the data was written with them/,
    );
  });

  it('is refused with the keys of somebody else', async () => {
    const other = FileKeyVault.open(join(folder, 'other.keys'), true);
    await expect(start(() => other)).rejects.toThrow(
      /not the bucket keys that the data was written with.*Nothing was changed/,
    );
  });

  it('is refused with keys of before the last change', async () => {
    const old = FileKeyVault.open(join(folder, 'bucket.keys'), false);
    const { copyFile } = await import('node:fs/promises');
    await copyFile(join(folder, 'bucket.keys'), join(folder, 'old.keys'));
    await new BucketKeys({ db, master, vault: old }).rotate(5);
    await expect(start((may) => FileKeyVault.open(join(folder, 'old.keys'), may))).rejects.toBeInstanceOf(
      BucketKeyMissing,
    );
  });

  it('is refused with another secret under the number of the one that was used', async () => {
    const fresh = await openTestDatabase();
    await migrateEventStore(fresh.db);
    const secret = (hex: string) => new SecretKeyVault(() => `1:${hex.repeat(64)}`, 'PISTOR_BUCKET_KEYS');
    await settleKeyVault(fresh.db, () => secret('a'));
    await expect(settleKeyVault(fresh.db, () => secret('b'))).rejects.toBeInstanceOf(KeyVaultProblem);
    await expect(settleKeyVault(fresh.db, () => secret('a'))).resolves.toBeDefined();
    await fresh.close();
  });
});

describe('other vaults', () => {
  it('[erasure.final] wait for the operator, who adds a version of the secret and takes the older one away', async () => {
    const fresh = await openTestDatabase();
    await migrateEventStore(fresh.db);
    let text = `1:${'a'.repeat(64)}`;
    const secrets = await settleKeyVault(fresh.db, () => new SecretKeyVault(() => text, 'the secret'));
    const keys = new SubjectKeys(fresh.db, master, secrets);
    const of = await new Chains(fresh.db).ensure('main', true);
    const person = personIn(3);
    await keys.findOrCreate(of, [{ subject: person, class: 'contact' }]);
    await keys.findOrCreate(of, [{ subject: personIn(3), class: 'contact' }]);
    const [{ version }] = (await keys.destroy(of, [person])) as unknown as [Destroyed];
    const buckets = new BucketKeys({ db: fresh.db, master, vault: secrets });
    expect(await buckets.endVersion(3, version)).toMatch(/add 2:HEX/);
    text = `${text} 2:${'b'.repeat(64)}`;
    expect(await buckets.endVersion(3, version)).toMatch(/Take the older versions out of the secret/);
    text = `2:${'b'.repeat(64)}`;
    expect(await buckets.endVersion(3, version)).toBeUndefined();
    await fresh.close();
  });

  it('hold in Vault as in a file', async () => {
    const fresh = await openTestDatabase();
    await migrateEventStore(fresh.db);
    const fake = await startFakeTransit();
    const transit = await settleKeyVault(
      fresh.db,
      () => new TransitKeyVault({ address: fake.address, token: () => fake.token }),
    );
    const of = await new Chains(fresh.db).ensure('main', true);
    const keys = new SubjectKeys(fresh.db, master, transit);
    const [person, other] = [personIn(3), personIn(3)].map((subject) => ({ subject, class: 'contact' as const }));
    const made = await keys.findOrCreate(of, [person!, other!]);
    await keys.destroy(of, [person!.subject]);
    const buckets = new BucketKeys({ db: fresh.db, master, vault: transit });
    expect(await buckets.endVersion(3, 1)).toBeUndefined();
    const found = await new SubjectKeys(fresh.db, master, transit).find(of, [person!, other!]);
    expect(found.get(`${other!.subject}/contact`)).toEqual(made.get(`${other!.subject}/contact`));
    expect(found.get(`${person!.subject}/contact`)).toBeNull();
    expect(fake.keys.get('pistor-3')).toMatchObject({ latest: 2, minAvailable: 2 });
    // A server that is away is said to be away; what was opened already is at hand.
    fake.refusal = { status: 503, errors: ['Vault is sealed'] };
    await expect(new SubjectKeys(fresh.db, master, transit).find(of, [other!])).rejects.toMatchObject({
      code: 'key-vault.unavailable',
    });
    await fake.close();
    await fresh.close();
  });
});
