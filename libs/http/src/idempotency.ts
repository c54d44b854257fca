import { join } from 'node:path';
import type { Database } from '#libs/database/src/database.js';
import { migrate } from '#libs/database/src/migrations.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Invalid, Refused } from '#libs/kernel/src/errors.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { type CommandAnswer, commandAnswerSchema } from './command-answer.js';

export const migrateHttp = (db: Database) =>
  migrate(db, { name: 'http', folder: join(import.meta.dirname, 'migrations') });

const KEEP_DAYS = 30;
/** Rows of one delete: bounded, so that the statement never holds the table for long. */
const PRUNE_ROWS = 10_000;

/** What a first answer was. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: CommandAnswer;
}

export interface Reservation {
  readonly commandId: Id;
  /** Present when this request was answered before. */
  readonly stored?: StoredAnswer;
}

/** What a request says, brought to one text: the same request gives the same text, in whatever order its fields stand. */
export interface IdempotentRequest {
  /** Who sends it; undefined where nobody is signed in. What one of them was answered is nobody else's to see. */
  readonly principal: string | undefined;
  readonly method: string;
  /** The whole address as it was sent. */
  readonly url: string;
  readonly ifMatch: string | undefined;
  readonly body: unknown;
}

/**
 * Answers to commands under the keys that callers gave them. A key stands for one request: the same request again gets
 * the first answer, or, while there is none (it is under way, or the process died), is carried out again under the same
 * command id, which the event store does once only. Refusals are not stored: a refused command has left nothing, and
 * its words may speak of a patient.
 */
export class IdempotencyKeys {
  /** @param fingerprint keyed one-way function, for example `(text) => masterKey.blindIndex('idempotency', text)` */
  constructor(
    private readonly db: Database,
    private readonly fingerprint: (text: string) => string,
  ) {}

  /** @throws Refused `idempotency.key-reused` when the key stands for another request. */
  async reserve(chain: Chain, key: string, request: IdempotentRequest): Promise<Reservation> {
    const hash = this.fingerprint(canonical(request));
    // Twice, since the row may be pruned between the two statements.
    for (let attempt = 1; ; attempt += 1) {
      const made = await this.insert(chain, key, hash);
      if (made !== undefined) return { commandId: made };
      const found = await this.find(chain, key);
      if (!found && attempt < 3) continue;
      if (!found || found.request_hash !== hash) throw keyReused();
      return { commandId: found.command_id, ...storedAnswer(found) };
    }
  }

  /**
   * Keeps the answer for good. Answers of commands only: anything beside id, revision and position is refused as a
   * programmer's error.
   */
  async store(chain: Chain, key: string, commandId: Id, stored: StoredAnswer): Promise<void> {
    await this.db.query(
      `update idempotency_key set status = $4, headers = $5, response = $6
       where chain = $1 and key = $2 and command_id = $3 and status is null`,
      [
        chain.no,
        key,
        commandId,
        stored.status,
        JSON.stringify(stored.headers),
        JSON.stringify(commandAnswerSchema.parse(stored.answer)),
      ],
    );
  }

  /** Gives a key back that was used for a request no handler ever saw, so that it can be mended under the same key. */
  async release(chain: Chain, key: string, commandId: Id): Promise<void> {
    await this.db.query(
      'delete from idempotency_key where chain = $1 and key = $2 and command_id = $3 and status is null',
      [chain.no, key, commandId],
    );
  }

  private async insert(chain: Chain, key: string, hash: string): Promise<Id | undefined> {
    const { rows } = await this.db.query<{ command_id: Id }>(
      `insert into idempotency_key (chain, key, request_hash, command_id) values ($1, $2, $3, $4)
       on conflict (chain, key) do nothing returning command_id`,
      [chain.no, key, hash, newId()],
    );
    return rows[0]?.command_id;
  }

  private async find(chain: Chain, key: string): Promise<KeyRow | undefined> {
    const { rows } = await this.db.query<KeyRow>(
      'select request_hash, command_id, status, headers, response from idempotency_key where chain = $1 and key = $2',
      [chain.no, key],
    );
    return rows[0];
  }
}

interface KeyRow {
  request_hash: string;
  command_id: Id;
  status: number | null;
  headers: Record<string, string> | null;
  response: string | null;
}

function storedAnswer({ status, headers, response }: KeyRow): { stored?: StoredAnswer } {
  if (status === null || response === null) return {};
  return { stored: { status, headers: headers ?? {}, answer: commandAnswerSchema.parse(JSON.parse(response)) } };
}

const keyReused = (): Refused =>
  new Refused('idempotency.key-reused', 'This Idempotency-Key was used for another request. Take a fresh one.', {
    fields: [
      { field: 'Idempotency-Key', message: 'A key stands for one request of one sender, with its address and body.' },
    ],
  });

/**
 * The key of a request, undefined where it has none.
 * @throws Invalid `idempotency.key-malformed` for anything but 1 to 255 visible ASCII characters
 */
export function parseIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new Invalid('idempotency.key-malformed', 'An Idempotency-Key has 1 to 255 visible ASCII characters.', {
    fields: [{ field: 'Idempotency-Key', message: 'Use a UUID, for example.', rule: 'schema' }],
  });
}

/** Removes keys that are older than thirty days. @returns how many */
export async function pruneIdempotencyKeys(db: Database): Promise<number> {
  for (let pruned = 0; ; ) {
    const { rowCount } = await db.query(
      `delete from idempotency_key where ctid = any(array(
         select ctid from idempotency_key where created_at < clock_timestamp() - $1 * interval '1 day' limit $2))`,
      [KEEP_DAYS, PRUNE_ROWS],
    );
    pruned += rowCount ?? 0;
    if ((rowCount ?? 0) < PRUNE_ROWS) return pruned;
  }
}

const canonical = ({ principal, method, url, ifMatch, body }: IdempotentRequest): string =>
  JSON.stringify([principal ?? null, method, url, ifMatch ?? null, sorted(body ?? null)]);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  // As pairs, not as an object: a key such as `__proto__` must count like any other.
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => [key, sorted(each)]);
}
