import type { Database, Queryable } from '#libs/database/src/database.js';
import type { BucketKeys } from '#libs/event-store/src/bucket-keys.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { tellOfDestroyedKeys } from '#libs/event-store/src/destroyed-keys.js';
import type { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { ErasureRegister, RegisteredErasure } from './erasure-register.js';

/**
 * Removes what a library keeps of persons outside the log: codes, blind indexes, addresses of replies, ways to sign in. May
 * be repeated. Ids are those of registrations, or of users whose account goes with them.
 */
export type RemoveRows = (tx: Queryable, chain: Chain, ids: readonly Id[]) => Promise<void>;

/** The accounts of people who sign in as patients, or for them. */
export interface Accounts {
  /** Users who hold or held the role of one of these patients, as of now. @throws Unavailable where nobody can tell now */
  of(chain: Chain, patientIds: readonly Id[]): Promise<readonly Id[]>;
  /**
   * Takes from a user what erased registrations opened to them, on the log. May be repeated.
   * @param erasedOf those registrations of the given ones that are erased
   * @returns whether the account was never for anything else: it is closed then, and its keys have to go
   */
  close(chain: Chain, userId: Id, erasedOf: (patientIds: readonly Id[]) => Promise<ReadonlySet<Id>>): Promise<boolean>;
}

/** Erasures whose last step one round takes: each changes the key of a bucket. */
const ROUND_MAX = 50;
/** Of keys that are older than buckets, so many are wrapped anew in a round beside the erasures. */
const ADOPTED_MAX = 2_000;

/**
 * The steps of registrations, for whoever shows them. One is final when the accounts that went with it are, too.
 */
export const STEPS_OF_REGISTRATIONS = `(
  select s.chain, s.patient_id, s.erasure_id, s.keys_destroyed_at, s.registered_at, s.rows_removed_at,
         case when s.final_at is not null and s.accounts_closed_at is not null and u.waiting = 0
           then greatest(s.final_at, u.final_at) end as final_at,
         coalesce(s.todo, u.todo) as todo
  from erasure_step s cross join lateral (
    select count(*) filter (where o.final_at is null) as waiting, max(o.final_at) as final_at, max(o.todo) as todo
    from erasure_step o where o.chain = s.chain and o.erasure_id = s.erasure_id and o.is_user
  ) u
  where not s.is_user
)`;

/** How far an erasure has come; null: not yet. Instants of real time. */
export interface ErasureSteps {
  readonly erasureId: Id;
  readonly keysDestroyedAt: Date | null;
  readonly registeredAt: Date | null;
  readonly rowsRemovedAt: Date | null;
  readonly finalAt: Date | null;
  readonly todo: string | null;
}

interface OpenRow {
  readonly chain: number;
  readonly patient_id: Id;
  readonly erasure_id: Id;
  readonly is_user: boolean;
  readonly rows_removed_at: Date | null;
  readonly bucket: number | null;
  readonly version: number | null;
}

export interface ErasureFinisherDependencies {
  readonly db: Database;
  readonly chains: Chains;
  readonly keys: SubjectKeys;
  readonly bucketKeys: BucketKeys;
  readonly register: ErasureRegister;
  readonly removers: readonly RemoveRows[];
  /** Undefined where nobody can tell yet whose accounts there are: an erasure is not final before somebody has looked. */
  readonly accounts: Accounts | undefined;
}

/**
 * What follows from `PatientErased`, in steps that may end anywhere and begin again: the keys are destroyed, the register
 * outside the database has the person, what stands beside the log is removed, and the bucket's key is changed.
 */
export class ErasureFinisher {
  constructor(private readonly deps: ErasureFinisherDependencies) {}

  /**
   * All but the last step, for registrations whose erasure is on the log, or for users whose account is closed there.
   * Nothing of them is read after it.
   */
  async makeUnreadable(
    chain: Chain,
    patientIds: readonly Id[],
    erasureId: Id,
    whose: 'patient' | 'user' = 'patient',
  ): Promise<void> {
    const { db, keys, register, removers } = this.deps;
    if (patientIds.length === 0) return;
    await db.query(
      `insert into erasure_step (chain, patient_id, erasure_id, is_user) select $1, id, $3, $4 from unnest($2::uuid[]) as id
       on conflict (chain, patient_id) do nothing`,
      [chain.no, patientIds, erasureId, whose === 'user'],
    );
    const destroyed = await keys.destroy(chain, patientIds);
    await tellOfDestroyedKeys(db, chain, patientIds);
    await db.query(
      `update erasure_step s set keys_destroyed_at = clock_timestamp(), bucket = r.bucket, version = r.version
       from unnest($2::uuid[], $3::smallint[], $4::int[]) as r(patient_id, bucket, version)
       where s.chain = $1 and s.patient_id = r.patient_id and s.keys_destroyed_at is null`,
      [
        chain.no,
        destroyed.map(({ subject }) => subject),
        destroyed.map(({ bucket }) => bucket),
        destroyed.map(({ version }) => version),
      ],
    );
    await register.add(patientIds.map((id) => registered(chain, id, erasureId, whose === 'user')));
    await db.transaction(async (tx) => {
      for (const remove of removers) await remove(tx, chain, patientIds);
      await tx.query(
        `update erasure_step set registered_at = coalesce(registered_at, clock_timestamp()),
                                 rows_removed_at = coalesce(rows_removed_at, clock_timestamp())
         where chain = $1 and patient_id = any($2::uuid[])`,
        [chain.no, patientIds],
      );
    });
  }

  /**
   * Closes the accounts that were of nothing but erased registrations, and takes from all others what these opened to them.
   * For registrations that are unreadable already.
   * @throws Unavailable where the read model of accounts has not come so far: a later round goes on
   */
  async closeAccounts(chain: Chain, patientIds: readonly Id[], erasureId: Id): Promise<void> {
    const { db, accounts } = this.deps;
    if (accounts === undefined || patientIds.length === 0) return;
    for (const userId of await accounts.of(chain, patientIds)) await this.closeAccount(chain, userId, erasureId);
    await db.query(
      `update erasure_step set accounts_closed_at = clock_timestamp()
       where chain = $1 and patient_id = any($2::uuid[]) and accounts_closed_at is null`,
      [chain.no, patientIds],
    );
  }

  /**
   * The same for one user to whom a role was given: a registration that is erased opens nothing to anybody.
   * @returns whether the registration is erased
   */
  async closeAccountOf(chain: Chain, userId: Id, patientId: Id): Promise<boolean> {
    const erasureId = (await this.erasedOf(chain, [patientId])).get(patientId);
    if (erasureId === undefined) return false;
    await this.closeAccount(chain, userId, erasureId);
    return true;
  }

  private async closeAccount(chain: Chain, userId: Id, erasureId: Id): Promise<void> {
    const erasedOf = async (ids: readonly Id[]) => new Set((await this.erasedOf(chain, ids)).keys());
    const goes = await this.deps.accounts?.close(chain, userId, erasedOf);
    if (goes) await this.makeUnreadable(chain, [userId], erasureId, 'user');
  }

  /** Which of these registrations are erased, and by which erasure. */
  private async erasedOf(chain: Chain, patientIds: readonly Id[]): Promise<ReadonlyMap<Id, Id>> {
    const { rows } = await this.deps.db.query<OpenRow>(
      `select patient_id, erasure_id from erasure_step
       where chain = $1 and patient_id = any($2::uuid[]) and not is_user`,
      [chain.no, patientIds],
    );
    return new Map(rows.map((row) => [row.patient_id, row.erasure_id]));
  }

  /** Goes on with every erasure that is not final yet, and with keys that the master key wraps. For a worker. */
  async finishAll(): Promise<void> {
    const { bucketKeys } = this.deps;
    for (let left = ADOPTED_MAX, n = -1; left > 0 && n !== 0; left -= n) n = await bucketKeys.adopt();
    // Keys first: nothing that accounts wait for may hold them up.
    await this.finishOpen();
    await this.closeOpenAccounts();
    await this.finishOpen();
  }

  private async closeOpenAccounts(): Promise<void> {
    const { db, chains } = this.deps;
    const { rows } = await db.query<OpenRow>(
      `select chain, patient_id, erasure_id from erasure_step
       where accounts_closed_at is null and not is_user and rows_removed_at is not null
       order by noted_at limit ${ROUND_MAX}`,
    );
    for (const row of rows)
      await this.closeAccounts(await chains.byNumber(row.chain), [row.patient_id], row.erasure_id);
  }

  private async finishOpen(): Promise<void> {
    const { db, chains } = this.deps;
    const { rows } = await db.query<OpenRow>(
      `select chain, patient_id, erasure_id, is_user, rows_removed_at, bucket, version from erasure_step
       where final_at is null order by noted_at limit ${ROUND_MAX}`,
    );
    for (const row of rows.filter(({ rows_removed_at: removed }) => removed === null)) {
      const whose = row.is_user ? 'user' : 'patient';
      await this.makeUnreadable(await chains.byNumber(row.chain), [row.patient_id], row.erasure_id, whose);
    }
    // Several of a bucket are made final by one change of its key.
    const buckets = new Map<number, number>();
    for (const { bucket, version } of rows)
      if (bucket !== null) buckets.set(bucket, Math.max(buckets.get(bucket) ?? 0, version ?? 0));
    for (const [bucket, version] of buckets) await this.finish(bucket, version);
  }

  /** What was under way at the moment of the erasure may have left a trace after everything was removed. */
  private async removeLate(bucket: number, version: number): Promise<void> {
    const { db, chains, removers } = this.deps;
    const { rows } = await db.query<OpenRow>(
      'select chain, patient_id from erasure_step where bucket = $1 and version <= $2 and final_at is null',
      [bucket, version],
    );
    for (const row of rows) {
      const chain = await chains.byNumber(row.chain);
      await db.transaction(async (tx) => {
        for (const remove of removers) await remove(tx, chain, [row.patient_id]);
      });
    }
  }

  /** The steps of an erasure; undefined where none has begun. */
  async steps(chain: Chain, patientId: Id): Promise<ErasureSteps | undefined> {
    const { rows } = await this.deps.db.query<ErasureSteps>(
      `select erasure_id as "erasureId", keys_destroyed_at as "keysDestroyedAt", registered_at as "registeredAt",
              rows_removed_at as "rowsRemovedAt", final_at as "finalAt", todo
       from ${STEPS_OF_REGISTRATIONS} s where chain = $1 and patient_id = $2`,
      [chain.no, patientId],
    );
    return rows[0];
  }

  /** Registrations and accounts, of those given, of which everything but the key of the bucket is gone. */
  async areUnreadable(chain: Chain, patientIds: readonly Id[]): Promise<ReadonlySet<Id>> {
    const { rows } = await this.deps.db.query<{ patient_id: Id }>(
      `select patient_id from erasure_step
       where chain = $1 and patient_id = any($2::uuid[]) and rows_removed_at is not null`,
      [chain.no, patientIds],
    );
    return new Set(rows.map((row) => row.patient_id));
  }

  /** Everybody of a chain whose erasure was noted, for a register that was lost. */
  async noted(chain: Chain): Promise<RegisteredErasure[]> {
    const { rows } = await this.deps.db.query<OpenRow>(
      'select patient_id, erasure_id, is_user from erasure_step where chain = $1',
      [chain.no],
    );
    return rows.map((row) => registered(chain, row.patient_id, row.erasure_id, row.is_user));
  }

  private async finish(bucket: number, version: number): Promise<void> {
    const { db, bucketKeys } = this.deps;
    await this.removeLate(bucket, version);
    const todo = await bucketKeys.endVersion(bucket, version);
    await db.query(
      todo === undefined
        ? `update erasure_step set final_at = clock_timestamp(), todo = null
           where bucket = $1 and version <= $2 and final_at is null and $3::text is null`
        : `update erasure_step set todo = $3 where bucket = $1 and version <= $2 and final_at is null
           and todo is distinct from $3`,
      [bucket, version, todo ?? null],
    );
  }
}

const registered = ({ id: chain }: Chain, id: Id, erasureId: Id, isUser: boolean): RegisteredErasure =>
  isUser ? { chain, userId: id, erasureId } : { chain, patientId: id, erasureId };
