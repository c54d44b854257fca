import type { Database } from '#libs/database/src/database.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { hashOf } from './compiled-template.js';
import type { TemplateSource } from './template-source.js';

/** The words that a message was written from. */
export interface KeptTemplate extends TemplateSource {
  readonly hash: string;
  /** Real time. */
  readonly firstUsedAt: Instant;
}

/** What a process remembers to have kept; beyond it, it keeps again what is kept, which changes nothing. */
const REMEMBERED_MAX = 10_000;

/**
 * Keeps the source of every template under its hash, for ever: an event names the hash, and this says the words. It knows
 * no chain: whoever has the hash has the words already, or the event of a message that was made from them.
 */
export class TemplateLibrary {
  private readonly remembered = new Set<string>();

  constructor(private readonly db: Database) {}

  /** Keeps a source, once for each process; to be awaited before an attempt names its hash. */
  async keep(source: TemplateSource): Promise<void> {
    const hash = hashOf(source);
    if (this.remembered.has(hash)) return;
    const { name, language, channel } = source;
    await this.db.query(
      `insert into message_template (hash, name, language, channel, source) values ($1, $2, $3, $4, $5::jsonb)
       on conflict (hash) do nothing`,
      [hash, name, language, channel, JSON.stringify(source)],
    );
    if (this.remembered.size >= REMEMBERED_MAX) this.remembered.clear();
    this.remembered.add(hash);
  }

  /** Undefined for a hash that no message was made from. */
  async find(hash: string): Promise<KeptTemplate | undefined> {
    const { rows } = await this.db.query<{ source: TemplateSource; at: Instant }>(
      `select source, to_char(first_used_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
       from message_template where hash = $1`,
      [hash],
    );
    const [row] = rows;
    return row && { hash, firstUsedAt: row.at, ...row.source };
  }
}
