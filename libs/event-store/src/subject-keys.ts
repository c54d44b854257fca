import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Queryable } from '#libs/database/src/database.js';
import { Coalesce } from '#libs/kernel/src/coalesce.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Chain } from './chains.js';
import { type MasterKey, MasterKeyProblem } from './master-key.js';
import type { PersonalClass } from './personal-data.js';

/** Which key: of whom, and for which class of data. */
export interface KeyName {
  readonly subject: Id;
  readonly class: PersonalClass;
}

/** About 20 MB of keys at the most; the oldest go. */
const CACHED_MAX = 100_000;

const TOGETHER: readonly PersonalClass[] = ['clinical', 'contact'];

/** Keys that are made in one statement. */
const MADE_MAX = 1_000;

interface KeyRow extends KeyName {
  readonly chain: number;
  readonly wrapped: Buffer | null;
  readonly wrapped_by: string;
}

interface Wanted {
  readonly chain: Chain;
  readonly name: KeyName;
}

const cacheKey = (chain: Chain, { subject, class: personalClass }: KeyName) =>
  `${chain.no}/${subject}/${personalClass}`;

/**
 * The keys of persons, wrapped by the master key in a table. A key that was destroyed is known as destroyed and never
 * made anew.
 */
export class SubjectKeys {
  private readonly wrappingKey: Buffer;
  private readonly making = new Coalesce<Wanted, Buffer | null>((wanted) => this.make(wanted), MADE_MAX);

  constructor(
    private readonly db: Queryable,
    private readonly master: MasterKey,
    private readonly cache = new Map<string, Buffer>(),
  ) {
    this.wrappingKey = master.derive('wrapping key');
  }

  /**
   * The same keys, looked up inside a transaction. Whoever holds one must not ask beside it: the embedded database has
   * one session, and the question would wait for the end of the transaction that waits for the answer.
   */
  within(tx: Queryable): SubjectKeys {
    return new SubjectKeys(tx, this.master, this.cache);
  }

  /**
   * The keys that exist, by `subject/class`; a destroyed one is null, one that was never made is missing.
   */
  async find(chain: Chain, names: readonly KeyName[]): Promise<Map<string, Buffer | null>> {
    const found = new Map<string, Buffer | null>();
    const missing: KeyName[] = [];
    for (const name of names) {
      const cached = this.cache.get(cacheKey(chain, name));
      if (cached) found.set(nameOf(name), cached);
      else missing.push(name);
    }
    if (missing.length > 0) await this.load(chain, missing, found);
    return found;
  }

  /**
   * As `find`, and makes the keys that do not exist yet; they are on disk when this returns. Clinical and contact
   * keys are made together: who has one soon needs the other.
   */
  async findOrCreate(chain: Chain, names: readonly KeyName[]): Promise<Map<string, Buffer | null>> {
    const found = new Map<string, Buffer | null>();
    const missing = new Map<string, KeyName>();
    for (const name of names) {
      const cached = this.cache.get(cacheKey(chain, name));
      if (cached) found.set(nameOf(name), cached);
      else missing.set(nameOf(name), name);
    }
    if (missing.size === 0) return found;
    const wanted = new Map(missing);
    for (const { subject } of missing.values()) {
      for (const name of TOGETHER) {
        const other = { subject, class: name };
        if (!this.cache.has(cacheKey(chain, other))) wanted.set(nameOf(other), other);
      }
    }
    const made = await Promise.all([...wanted.values()].map((name) => this.making.get({ chain, name })));
    [...wanted.keys()].forEach((name, n) => {
      if (missing.has(name)) found.set(name, made[n] as Buffer | null);
    });
    return found;
  }

  /** Finds or makes keys in one round trip; what another process makes in the same instant is read after it. */
  private async make(wanted: readonly Wanted[]): Promise<(Buffer | null)[]> {
    const named = ({ chain, name }: Wanted) => cacheKey(chain, name);
    const sorted = [...new Map(wanted.map((each) => [named(each), each])).values()].sort((a, b) =>
      named(a) < named(b) ? -1 : 1,
    );
    const { rows } = await this.db.query<KeyRow>(
      `with wanted as (
         select * from unnest($1::int[], $2::uuid[], $3::text[], $4::bytea[]) as w(chain, subject, class, wrapped)
       ), known as (
         -- One by one by the key, whatever the planner thinks of the number of wanted ones.
         select k.* from wanted w cross join lateral (
           select k.chain, k.subject, k.class, k.wrapped, k.wrapped_by from subject_key k
           where k.chain = w.chain and k.subject = w.subject and k.class = w.class limit 1
         ) k
       ), made as (
         insert into subject_key (chain, subject, class, wrapped, wrapped_by)
         select w.*, $5 from wanted w
         where not exists (select 1 from known k where k.chain = w.chain and k.subject = w.subject and k.class = w.class)
         on conflict do nothing
         returning chain, subject, class, wrapped, wrapped_by
       )
       select * from known union all select * from made`,
      [
        sorted.map(({ chain }) => chain.no),
        sorted.map(({ name }) => name.subject),
        sorted.map(({ name }) => name.class),
        sorted.map(({ chain, name }) => this.wrap(randomBytes(32), bound(chain, name))),
        this.master.fingerprint,
      ],
    );
    const stored = new Map(rows.map((row) => [`${row.chain}/${nameOf(row)}`, row]));
    return Promise.all(
      wanted.map(async (each) => {
        const row = stored.get(named(each));
        if (row) return this.opened(each.chain, row);
        const found = new Map<string, Buffer | null>();
        await this.load(each.chain, [each.name], found);
        return found.get(nameOf(each.name)) ?? null;
      }),
    );
  }

  private async load(chain: Chain, names: readonly KeyName[], into: Map<string, Buffer | null>): Promise<void> {
    const { rows } = await this.db.query<KeyRow>(
      `select k.chain, k.subject, k.class, k.wrapped, k.wrapped_by
       from unnest($2::uuid[], $3::text[]) as n(subject, class)
       cross join lateral (
         select * from subject_key s where s.chain = $1 and s.subject = n.subject and s.class = n.class limit 1
       ) k`,
      [chain.no, names.map((name) => name.subject), names.map((name) => name.class)],
    );
    for (const row of rows) into.set(nameOf(row), this.opened(chain, row));
  }

  private opened(chain: Chain, row: KeyRow): Buffer | null {
    const key = row.wrapped && this.unwrap(row.wrapped, row.wrapped_by, bound(chain, row));
    if (key) this.remember(cacheKey(chain, row), key);
    return key;
  }

  private remember(name: string, key: Buffer): void {
    this.cache.delete(name);
    this.cache.set(name, key);
    if (this.cache.size > CACHED_MAX) this.cache.delete(this.cache.keys().next().value as string);
  }

  private wrap(key: Buffer, boundTo: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.wrappingKey, nonce);
    cipher.setAAD(Buffer.from(boundTo));
    const body = Buffer.concat([cipher.update(key), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  private unwrap(wrapped: Buffer, by: string, boundTo: string): Buffer {
    if (by !== this.master.fingerprint) {
      throw new MasterKeyProblem(`A key is wrapped by master key ${by}, which is not the one in use.`);
    }
    const decipher = createDecipheriv('aes-256-gcm', this.wrappingKey, wrapped.subarray(0, 12));
    decipher.setAAD(Buffer.from(boundTo));
    decipher.setAuthTag(wrapped.subarray(12, 28));
    return Buffer.concat([decipher.update(wrapped.subarray(28)), decipher.final()]);
  }
}

export const nameOf = ({ subject, class: personalClass }: KeyName): string => `${subject}/${personalClass}`;

const bound = (chain: Chain, name: KeyName): string => `${chain.id}/${nameOf(name)}`;
