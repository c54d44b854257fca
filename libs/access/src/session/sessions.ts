import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { hashOf, newSecret } from '../secret.js';

/** Who left their desk is signed out after half an hour; nobody stays signed in beyond a shift. */
export const IDLE_MINUTES = 30;
export const ABSOLUTE_HOURS = 12;
/** That somebody is there is written down once a minute at most. */
const SEEN_EVERY_S = 60;
/** Rows of one delete. */
const PRUNE_ROWS = 10_000;

export interface Session {
  readonly id: Id;
  readonly userId: Id;
  /** When they last proved who they are. */
  readonly authenticatedAt: Instant;
}

/** When somebody proved who they are; `untold`: whoever let them in did not say, and it may be long ago. */
export type Authenticated = Instant | 'now' | 'untold';

/** What was not told is older than anything: whatever asks for a fresh sign-in asks for another one. */
const UNTOLD: Instant = '1970-01-01T00:00:00.000Z';

const instantOf = (authenticatedAt: Authenticated): Instant | null =>
  authenticatedAt === 'now' ? null : authenticatedAt === 'untold' ? UNTOLD : authenticatedAt;

/**
 * Sessions of people, in the database: a cookie holds a secret that says nothing, and what ended here has ended
 * everywhere. Time is that of the database, also in a sandbox whose clock is elsewhere.
 */
export class Sessions {
  constructor(private readonly db: Database) {}

  /**
   * Begins a session, and ends the one that was there before under the same cookie: nobody who knew the old secret is
   * signed in by it.
   * @param authenticatedAt when they proved who they are: `now`, an earlier instant, or `untold`, which is never fresh
   * @returns the secret for the cookie
   */
  async begin(
    chain: Chain,
    userId: Id,
    previous: string | undefined,
    authenticatedAt: Authenticated = 'now',
  ): Promise<string> {
    const secret = newSecret();
    if (previous !== undefined) await this.end(chain, previous);
    await this.db.query(
      `insert into access_session (chain, token_hash, id, user_id, authenticated_at, seen_at, expires_at)
       select $1, $2, $3, $4, least(now, coalesce($6::timestamptz, now)), now, now + $5 * interval '1 hour'
       from clock_timestamp() as now`,
      [chain.no, hashOf(secret), newId(), userId, ABSOLUTE_HOURS, instantOf(authenticatedAt)],
    );
    return secret;
  }

  /**
   * The session of a cookie; undefined where it has ended, was idle for too long, or never was.
   * @param isSign whether somebody is there: an answer that goes on by itself is no sign of it
   */
  async find(chain: Chain, secret: string, isSign = true): Promise<Session | undefined> {
    const { rows } = await this.db.query<{ id: Id; user_id: Id; authenticated_at: Date; stale: boolean }>(
      `select id, user_id, authenticated_at, seen_at < clock_timestamp() - $4 * interval '1 second' as stale
       from access_session
       where chain = $1 and token_hash = $2 and ended_at is null and expires_at > clock_timestamp()
         and seen_at > clock_timestamp() - $3 * interval '1 minute'`,
      [chain.no, hashOf(secret), IDLE_MINUTES, SEEN_EVERY_S],
    );
    const [row] = rows;
    if (!row) return undefined;
    if (row.stale && isSign) {
      await this.db.query(
        'update access_session set seen_at = clock_timestamp() where chain = $1 and token_hash = $2 and ended_at is null',
        [chain.no, hashOf(secret)],
      );
    }
    return { id: row.id, userId: row.user_id, authenticatedAt: row.authenticated_at.toISOString() };
  }

  async end(chain: Chain, secret: string): Promise<void> {
    await this.db.query(
      `update access_session set ended_at = clock_timestamp()
       where chain = $1 and token_hash = $2 and ended_at is null`,
      [chain.no, hashOf(secret)],
    );
  }

  /** All of a user's, wherever they are. */
  async endAll(chain: Chain, userId: Id): Promise<void> {
    await this.db.query(
      'update access_session set ended_at = clock_timestamp() where chain = $1 and user_id = $2 and ended_at is null',
      [chain.no, userId],
    );
  }
}

/** Removes what has ended or run out. @returns how many rows */
export async function pruneSignIns(db: Database): Promise<number> {
  const statements = [
    `delete from access_session where ctid = any(array(select ctid from access_session
       where expires_at < clock_timestamp() - interval '1 day' limit ${PRUNE_ROWS}))`,
    `delete from access_challenge where ctid = any(array(select ctid from access_challenge
       where expires_at < clock_timestamp() limit ${PRUNE_ROWS}))`,
    `delete from access_attempt where ctid = any(array(select ctid from access_attempt
       where last_at < clock_timestamp() - interval '1 day' limit ${PRUNE_ROWS}))`,
    `delete from access_invitation where ctid = any(array(select ctid from access_invitation
       where expires_at < clock_timestamp() - interval '1 day' limit ${PRUNE_ROWS}))`,
  ];
  let pruned = 0;
  for (const statement of statements) pruned += (await db.query(statement)).rowCount ?? 0;
  return pruned;
}
