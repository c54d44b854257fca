import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Overloaded } from '#libs/kernel/src/errors.js';

/** Fingers slip; more than this is somebody trying. */
const FREE_FAILURES = 5;
const BLOCK_S_MAX = 15 * 60;
/** What is older does not count any more. */
const FORGET_HOURS = 1;

/**
 * Failed attempts to sign in, by where they come from and whom they are about. What fails again and again is answered
 * ever later. Whoever holds the right passkey is let in all the same: nobody can lock out a colleague by failing in
 * their name.
 */
export class Attempts {
  constructor(
    private readonly db: Database,
    private readonly index: (text: string) => string,
  ) {}

  /** Seconds for which an attempt of these that fails is not even told why; 0 where there were few. */
  async blockedS(chain: Chain, subjects: readonly string[]): Promise<number> {
    const { rows } = await this.db.query<{ s: number | null }>(
      `select ceil(extract(epoch from max(blocked_until) - clock_timestamp()))::integer as s
       from access_attempt where chain = $1 and subject = any($2::text[])`,
      [chain.no, subjects.map(this.index)],
    );
    return Math.max(0, rows[0]?.s ?? 0);
  }

  /** Notes that an attempt failed. The wait doubles with each, up to a quarter of an hour. */
  async failed(chain: Chain, subjects: readonly string[]): Promise<void> {
    for (const subject of subjects) {
      await this.db.query(
        `insert into access_attempt as a (chain, subject, failures, last_at, blocked_until)
         values ($1, $2, 1, clock_timestamp(), clock_timestamp())
         on conflict (chain, subject) do update set
           failures = case when a.last_at < clock_timestamp() - $3 * interval '1 hour' then 1 else a.failures + 1 end,
           last_at = clock_timestamp(),
           blocked_until = clock_timestamp() + case
             when a.last_at < clock_timestamp() - $3 * interval '1 hour' or a.failures < $4 then interval '0'
             else least($5, power(2, least(a.failures - $4, 20))) * interval '1 second' end`,
        [chain.no, this.index(subject), FORGET_HOURS, FREE_FAILURES, BLOCK_S_MAX],
      );
    }
  }

  async succeeded(chain: Chain, subjects: readonly string[]): Promise<void> {
    await this.db.query('delete from access_attempt where chain = $1 and subject = any($2::text[])', [
      chain.no,
      subjects.map(this.index),
    ]);
  }
}

export const tooManyAttempts = (seconds: number): Overloaded =>
  new Overloaded('sign-in.too-many', 'Too many attempts failed. Wait a while, or sign in with the right passkey.', {
    data: { retryAfterS: seconds },
  });
