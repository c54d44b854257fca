import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Chain } from '#libs/event-store/src/chains.js';
import { newId } from '#libs/kernel/src/ids.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import { patient } from '#test/support/treatment-history.js';
import { migrateErasure } from '../erasure.migrations.js';
import { ErasureFinisher, type ErasureFinisherDependencies } from './erasure-finisher.js';
import { ErasureRegister, RegisterUnreadable } from './erasure-register.js';
import { replayErasures } from './replay-erasures.js';

let engine: TestEngine;
let chain: Chain;
let folder: string;
let removed: string[];

beforeAll(async () => {
  engine = await openTestEngine(TREATMENT_EVENT_TYPES);
  await migrateErasure(engine.db);
});
afterAll(() => engine.close());
beforeEach(async () => {
  chain = await engine.newChain();
  folder = await mkdtemp(join(tmpdir(), 'pistor finisher '));
  removed = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function finisher(changes: Partial<ErasureFinisherDependencies> = {}): ErasureFinisher {
  const removers: ErasureFinisherDependencies['removers'] = [
    (_tx, _chain, ids) => {
      removed.push(...ids);
      return Promise.resolve();
    },
  ];
  // Keys of buckets that follow from the master key cannot be destroyed; here they are, as far as anybody asks.
  const bucketKeys = { adopt: () => Promise.resolve(0), endVersion: () => Promise.resolve(undefined) };
  const accounts = { of: () => Promise.resolve([]), close: () => Promise.resolve(false) };
  const deps = { ...engine, removers, accounts, register: new ErasureRegister(folder), bucketKeys };
  return new ErasureFinisher({ ...deps, ...changes } as unknown as ErasureFinisherDependencies);
}

const dies = () => Promise.reject(new Error('killed'));
const dying = <T extends object>(of: T, act: keyof T): T =>
  new Proxy(of, { get: (target, name) => (name === act ? dies : (Reflect.get(target, name) as unknown)) });

async function registered(): Promise<string> {
  const id = newId();
  await engine.append(chain, [patient(id)]);
  return id;
}

describe('an erasure that is interrupted', () => {
  it.each([
    ['before the keys were destroyed', () => ({ keys: dying(engine.keys, 'destroy') })],
    ['before the register had the person', () => ({ register: dying(new ErasureRegister(folder), 'add') })],
    ['while rows were removed', () => ({ removers: [dies] })],
  ] as [string, () => Partial<ErasureFinisherDependencies>][])(
    '%s is finished by a later round',
    async (_, changes) => {
      const id = await registered();
      const erasureId = newId();
      await expect(finisher(changes()).makeUnreadable(chain, [id], erasureId)).rejects.toThrow('killed');
      expect((await finisher().steps(chain, id))?.rowsRemovedAt).toBeNull();
      await finisher().finishAll();
      await finisher().finishAll();
      const { finalAt, ...steps } = (await finisher().steps(chain, id)) as NonNullable<
        Awaited<ReturnType<ErasureFinisher['steps']>>
      >;
      expect(finalAt).not.toBeNull();
      for (const at of [steps.keysDestroyedAt, steps.registeredAt, steps.rowsRemovedAt]) expect(at).not.toBeNull();
      expect([...(await engine.keys.find(chain, [{ subject: id, class: 'contact' }])).values()]).toEqual([null]);
      expect(await new ErasureRegister(folder).all()).toEqual([{ chain: chain.id, patientId: id, erasureId }]);
      expect(removed).toContain(id);
    },
  );

  it('before it is final is made so later, and what is to be done first is said', async () => {
    const id = await registered();
    await finisher().makeUnreadable(chain, [id], newId());
    const waiting = {
      ...engine.bucketKeys,
      adopt: () => Promise.resolve(0),
      endVersion: () => Promise.resolve('add 2:HEX'),
    };
    await finisher({ bucketKeys: waiting as never }).finishAll();
    expect(await finisher().steps(chain, id)).toMatchObject({ todo: 'add 2:HEX', finalAt: null });
    await finisher().finishAll();
    expect(await finisher().steps(chain, id)).toMatchObject({ todo: null, finalAt: expect.any(Date) });
  });
});

/** One account that goes with whoever is erased. */
const oneAccount = (userId: string) => ({ of: () => Promise.resolve([userId]), close: () => Promise.resolve(true) });
const keysOf = async (subject: string) => [
  ...(await engine.keys.find(chain, [{ subject, class: 'contact' as const }])).values(),
];
/** Somebody with a key of their own. */
async function user(): Promise<string> {
  const id = newId();
  await engine.keys.findOrCreate(chain, [{ subject: id, class: 'contact' }]);
  return id;
}

describe('the account of somebody who is erased', () => {
  it.each([
    ['while accounts were looked for', (of: object) => ({ accounts: dying(of, 'of' as never) })],
    ['while one was closed', (of: object) => ({ accounts: dying(of, 'close' as never) })],
    ['before the keys of one were destroyed', (of: object) => ({ accounts: of, keys: dying(engine.keys, 'destroy') })],
    ['while its rows were removed', (of: object) => ({ accounts: of, removers: [dies] })],
  ])('[erasure.accounts] goes with them where that was interrupted %s', async (_, changes) => {
    const [id, userId, erasureId] = [await registered(), await user(), newId()];
    const accounts = oneAccount(userId);
    await finisher().makeUnreadable(chain, [id], erasureId);
    const broken = finisher(changes(accounts) as never);
    await expect(broken.closeAccounts(chain, [id], erasureId)).rejects.toThrow('killed');
    await expect(broken.finishAll()).rejects.toThrow('killed');
    expect(await finisher().steps(chain, id)).toMatchObject({ finalAt: null });
    await finisher({ accounts }).finishAll();
    expect(await finisher().steps(chain, id)).toMatchObject({ finalAt: expect.any(Date) });
    expect([await keysOf(userId), removed.includes(userId)]).toEqual([[null], true]);
    expect(await new ErasureRegister(folder).all()).toContainEqual({ chain: chain.id, userId, erasureId });
  });

  it('[erasure.accounts] holds up no key of anybody while nobody can tell whose accounts there are', async () => {
    const id = await registered();
    await finisher({ accounts: undefined }).makeUnreadable(chain, [id], newId());
    await finisher({ accounts: undefined }).finishAll();
    const { rows } = await engine.db.query(
      'select 1 from erasure_step where patient_id = $1 and final_at is not null',
      [id],
    );
    expect(rows).toHaveLength(1);
    // As long as nobody has looked, nobody is told that it was final.
    expect(await finisher().steps(chain, id)).toMatchObject({ finalAt: null });
    await finisher().finishAll();
    expect(await finisher().steps(chain, id)).toMatchObject({ finalAt: expect.any(Date) });
  });

  it('[erasure.accounts] goes, too, where the erasure was final before accounts were thought of', async () => {
    const [id, userId] = [await registered(), await user()];
    await finisher().makeUnreadable(chain, [id], newId());
    await finisher().finishAll();
    await engine.db.query('update erasure_step set accounts_closed_at = null where patient_id = $1', [id]);
    await finisher({ accounts: oneAccount(userId) }).finishAll();
    expect(await keysOf(userId)).toEqual([null]);
    expect(await finisher().steps(chain, id)).toMatchObject({ finalAt: expect.any(Date) });
  });
});

describe('the register of erasures', () => {
  const replay = () => {
    const warnings: string[] = [];
    const log = { warn: (_: object, message: string) => warnings.push(message) };
    const deps = { ...engine, register: new ErasureRegister(folder), finisher: finisher(), log };
    return replayErasures(deps).then((again) => ({ again, warnings }));
  };

  it('[erasure.restored] erases again whoever is there all the same, once', async () => {
    const [id, other] = [await registered(), await registered()];
    const erasureId = newId();
    await new ErasureRegister(folder).add([{ chain: chain.id, patientId: id, erasureId }]);
    const { again, warnings } = await replay();
    expect([again, warnings.at(-1)]).toEqual([1, expect.stringContaining('were erased again')]);
    const events = await engine.store.readStream(chain.id, `patient-${id}`);
    expect(events.map(({ header }) => header.type)).toEqual(['PatientRegistered', 'PatientErased']);
    expect(await replay()).toEqual({ again: 0, warnings: [] });
    expect(await engine.store.readStream(chain.id, `patient-${other}`)).toHaveLength(1);
  });

  it('[erasure.restored] erases an account again that is there all the same, and is given it back where it misses it', async () => {
    const [userId, erasureId] = [await user(), newId()];
    const entry = { chain: chain.id, userId, erasureId };
    await new ErasureRegister(folder).add([entry]);
    await replay();
    expect([await keysOf(userId), removed]).toEqual([[null], [userId]]);
    expect(await engine.store.readStream(chain.id, `patient-${userId}`)).toEqual([]);
    await rm(new ErasureRegister(folder).file);
    await replay();
    expect(await new ErasureRegister(folder).all()).toContainEqual(entry);
  });

  it('gets back whom it missed, from a database that knows them', async () => {
    const id = await registered();
    const erasureId = newId();
    await finisher().makeUnreadable(chain, [id], erasureId);
    await rm(new ErasureRegister(folder).file);
    const { warnings } = await replay();
    expect(warnings).toContainEqual(expect.stringContaining('missed persons who were erased'));
    expect(await new ErasureRegister(folder).all()).toContainEqual({ chain: chain.id, patientId: id, erasureId });
  });

  it('passes over a line that a killed process began, and refuses what is no register', async () => {
    const register = new ErasureRegister(folder);
    const [one, two] = [newId(), newId()].map((patientId) => ({ chain: chain.id, patientId, erasureId: newId() }));
    await register.add([one!]);
    await appendFile(register.file, '{"chain":"01');
    await register.add([two!]);
    expect(await register.all()).toEqual([one, two]);
    expect(await readFile(register.file, 'utf8')).not.toMatch(/Şahin|İpek/);
    const other = new ErasureRegister(await mkdtemp(join(folder, 'other ')));
    await appendFile(other.file, 'something else\n');
    await expect(other.all()).rejects.toBeInstanceOf(RegisterUnreadable);
  });
});
