import { readFileSync, statSync } from 'node:fs';
import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { originOf } from './checkpoint.js';
import { createFile, replaceFile } from './durable-file.js';
import { LedgerKeyProblem, noRotation, rotationUnderWay } from './ledger.errors.js';
import {
  formatNote,
  formatVkey,
  newSigningKey,
  parseVkey,
  type SigningKey,
  signingKeyOf,
  signText,
  type VerifierKey,
  verifierKey,
} from './signed-note.js';

/** A public key of a chain, with the sizes of the checkpoints that it signs. */
export interface LedgerKey {
  readonly vkey: string;
  readonly fromSize: number;
  /** Size of the last checkpoint that it has signed; null while it signs. */
  readonly untilSize: number | null;
  /** A note, signed by the key before it, that names this key; null for the first one. */
  readonly endorsement: string | null;
}

/** While one key follows another. */
const KEYS_MAX = 2;

/**
 * The keys that sign checkpoints: a file with one line of 64 hexadecimal digits for each, the newest last. Two stand in
 * it while one follows the other; both sign then.
 */
export class LedgerKeyFile {
  private loaded: { readonly stamp: string; readonly keys: readonly SigningKey[] } | undefined;

  constructor(readonly file: string) {}

  /**
   * The keys as the file holds them now; it is read anew when it was changed. Undefined where there is no file.
   * @throws LedgerKeyProblem where others can read it, or it holds something else
   */
  keys(): readonly SigningKey[] | undefined {
    let stamp: string;
    try {
      const { mode, mtimeMs, ino, size } = statSync(this.file);
      if ((mode & 0o077) !== 0) {
        const shown = (mode & 0o777).toString(8);
        throw new LedgerKeyProblem(
          `The ledger key ${this.file} can be read by others (mode ${shown}). Mend it: chmod 600 "${this.file}"`,
        );
      }
      stamp = `${mtimeMs} ${ino} ${size}`;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    if (this.loaded?.stamp !== stamp) {
      this.loaded = { stamp, keys: parseKeys(readFileSync(this.file, 'utf8'), this.file) };
    }
    return this.loaded.keys;
  }

  /** Makes the file with a fresh key, unless another process was faster. */
  async create(): Promise<void> {
    await createFile(this.file, `${newSigningKey().seed.toString('hex')}\n`, 0o600);
  }

  /** Adds a fresh key: from the next checkpoint on both sign. @throws Conflict `ledger.rotation-under-way` */
  async begin(keys: readonly SigningKey[]): Promise<void> {
    if (keys.length >= KEYS_MAX) throw rotationUnderWay();
    await this.replace([...keys, newSigningKey()]);
  }

  /** Takes the older key away. @throws Conflict `ledger.no-rotation` */
  async finish(keys: readonly SigningKey[]): Promise<void> {
    if (keys.length < KEYS_MAX) throw noRotation();
    await this.replace(keys.slice(1));
  }

  private async replace(keys: readonly SigningKey[]): Promise<void> {
    await replaceFile(this.file, keys.map(({ seed }) => `${seed.toString('hex')}\n`).join(''), 0o600);
    this.loaded = undefined;
  }
}

function parseKeys(text: string, file: string): SigningKey[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0 || lines.length > KEYS_MAX || !lines.every((line) => /^[0-9a-f]{64}$/i.test(line.trim()))) {
    throw new LedgerKeyProblem(`${file} does not hold one or two lines of 64 hexadecimal digits.`);
  }
  return lines.map((line) => signingKeyOf(Buffer.from(line.trim(), 'hex')));
}

/** Which public keys sign, or have signed, the checkpoints of a chain. */
export class LedgerKeys {
  /** Of each chain, the keys that were noted last. */
  private readonly registered = new Map<number, readonly SigningKey[]>();

  constructor(
    private readonly db: Database,
    readonly file: LedgerKeyFile,
  ) {}

  /**
   * The keys with which this process signs for a chain. The first process of the first chain makes the file; of many that
   * start at once one makes it, and the others, elsewhere, are told that it is not there.
   * @throws LedgerKeyProblem where the file is missing though there are signatures, or holds none of the keys that sign
   */
  async settle(chain: Chain): Promise<readonly SigningKey[]> {
    return this.db.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(hashtextextended('pistor ledger key', 0))`);
      const { rows } = await tx.query<{ used: boolean }>('select exists (select 1 from ledger_key) as used');
      if (!this.file.keys() && !rows[0]?.used) await this.file.create();
      const keys = this.file.keys();
      if (!keys) {
        throw new LedgerKeyProblem(
          `The ledger key ${this.file.file} is missing, but checkpoints were signed with one. Put it back, or name its file in PISTOR_LEDGER_KEY_FILE.`,
        );
      }
      const known = await readKeys(tx, chain);
      const signing = known.filter(({ untilSize }) => untilSize === null).map(({ vkey }) => vkey);
      if (signing.length === 0) await insertKey(tx, chain, vkeyOf(chain, keys[0] as SigningKey), 0, null);
      else if (!keys.some((key) => signing.includes(vkeyOf(chain, key)))) {
        throw new LedgerKeyProblem(
          `${this.file.file} holds none of the keys that sign for ${originOf(chain.id)} (${signing.join(', ')}).`,
        );
      }
      return keys;
    });
  }

  /** All keys of a chain, in the order in which they began to sign. */
  list(chain: Chain): Promise<LedgerKey[]> {
    return readKeys(this.db, chain);
  }

  /**
   * Notes which keys sign from a checkpoint on, and which do not any more.
   * @param size of that checkpoint
   * @param sizeBefore of the checkpoint before it
   */
  async register(
    chain: Chain,
    keys: readonly SigningKey[],
    size: number,
    sizeBefore: () => Promise<number>,
  ): Promise<void> {
    if (this.registered.get(chain.no) === keys) return;
    const [known, before] = await Promise.all([this.list(chain), sizeBefore()]);
    const [older] = keys;
    for (const key of keys) {
      const vkey = vkeyOf(chain, key);
      if (known.some((each) => each.vkey === vkey)) continue;
      const endorsement = older && older !== key ? endorse(chain, older, vkey) : null;
      await insertKey(this.db, chain, vkey, size, endorsement);
    }
    const ended = known.filter(
      ({ vkey, untilSize }) => untilSize === null && !keys.some((key) => vkeyOf(chain, key) === vkey),
    );
    for (const { vkey } of ended) {
      await this.db.query(
        'update ledger_key set until_size = $3 where chain = $1 and key_id = $2 and until_size is null',
        [chain.no, parseVkey(vkey).id, before],
      );
    }
    this.registered.set(chain.no, keys);
  }

  /**
   * Adds a key that signs beside the present one, or takes the older of two away.
   * @throws Conflict `ledger.rotation-under-way`, `ledger.no-rotation` (also before the new key has signed);
   *   LedgerKeyProblem where this process cannot reach the file
   */
  async rotate(chain: Chain, what: 'begin' | 'finish'): Promise<readonly string[]> {
    const keys = await this.settle(chain);
    if (what === 'begin') await this.file.begin(keys);
    else {
      const known = await this.list(chain);
      const newest = keys.at(-1);
      if (!newest || !known.some(({ vkey }) => vkey === vkeyOf(chain, newest))) throw noRotation();
      await this.file.finish(keys);
    }
    return (this.file.keys() ?? []).map((key) => vkeyOf(chain, key));
  }
}

/** What this key signs of a chain is verified by. */
export const publicKeyOf = (chain: Chain, { publicKey }: SigningKey): VerifierKey =>
  verifierKey(originOf(chain.id), publicKey);

const vkeyOf = (chain: Chain, key: SigningKey): string => formatVkey(publicKeyOf(chain, key));

/** A note by which a key names the one that follows it. Its second line is no size: it is never taken for a checkpoint. */
function endorse(chain: Chain, key: SigningKey, vkey: string): string {
  const origin = originOf(chain.id);
  const text = `${origin}\nfollowed by ${vkey}\n`;
  return formatNote(text, [signText(text, origin, key)]);
}

async function readKeys(db: Queryable, chain: Chain): Promise<LedgerKey[]> {
  const { rows } = await db.query<{
    vkey: string;
    from_size: string;
    until_size: string | null;
    endorsement: string | null;
  }>('select vkey, from_size, until_size, endorsement from ledger_key where chain = $1 order by from_size, added_at', [
    chain.no,
  ]);
  return rows.map((row) => ({
    vkey: row.vkey,
    fromSize: Number(row.from_size),
    untilSize: row.until_size === null ? null : Number(row.until_size),
    endorsement: row.endorsement,
  }));
}

const insertKey = async (
  db: Queryable,
  chain: Chain,
  vkey: string,
  fromSize: number,
  endorsement: string | null,
): Promise<void> => {
  await db.query(
    `insert into ledger_key (chain, key_id, vkey, from_size, endorsement) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [chain.no, parseVkey(vkey).id, vkey, fromSize, endorsement],
  );
};
