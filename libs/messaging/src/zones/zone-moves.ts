import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';

/** A booked session that newer rules of its zone take to another instant. */
export interface MovedSession {
  readonly courseId: Id;
  readonly sessionId: Id;
  readonly at: ZonedTime;
  readonly was: { readonly instant: Instant; readonly tzdb: string };
  readonly movedAt: Instant;
}

export interface MovedSessionView extends MovedSession {
  /** The clinic's own number of the course, where it has one. */
  readonly courseCode: string | null;
}

interface MovedRow {
  course_id: Id;
  session_id: Id;
  wall: string;
  zone: string;
  old_instant: Date;
  old_tzdb: string;
  new_instant: Date;
  new_tzdb: string;
  moved_at: Date;
}

/** A page of the list. */
export interface MovedSessions {
  readonly items: readonly MovedSessionView[];
  /** Null at the end. */
  readonly next: string | null;
}

/** The list of sessions that newer rules have moved. */
export class ZoneMoves {
  constructor(
    private readonly db: Database,
    private readonly codes: Pick<ExternalCodes, 'codesOf'>,
  ) {}

  async note(chain: Chain, moved: readonly MovedSession[]): Promise<void> {
    for (const { courseId, sessionId, at, was, movedAt } of moved) {
      await this.db.query(
        `insert into zone_moved_session (chain, course_id, session_id, wall, zone, old_instant, old_tzdb, new_instant,
           new_tzdb, moved_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (chain, session_id, new_tzdb) do update set wall = excluded.wall, zone = excluded.zone,
           old_instant = excluded.old_instant, old_tzdb = excluded.old_tzdb, new_instant = excluded.new_instant,
           moved_at = excluded.moved_at`,
        [chain.no, courseId, sessionId, at.wall, at.zone, was.instant, was.tzdb, at.instant, at.tzdb, movedAt],
      );
    }
  }

  /** The newest first. */
  async list(
    chain: Chain,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<MovedSessions> {
    const after = cursor === undefined ? [null, null] : decodeCursor(cursor, 2);
    const { rows } = await this.db.query<MovedRow>(
      `select * from zone_moved_session
       where chain = $1 and ($2::timestamptz is null or (moved_at, session_id) < ($2, $3::uuid))
       order by moved_at desc, session_id desc limit $4`,
      [chain.no, after[0], after[1], limit + 1],
    );
    const page = pageOf(rows, limit, (row) => [row.moved_at.toISOString(), row.session_id]);
    const codes = await this.codes.codesOf(chain, 'course', [...new Set(page.items.map((row) => row.course_id))]);
    return {
      items: page.items.map((row) => ({
        ...{ courseId: row.course_id, courseCode: codes.get(row.course_id) ?? null, sessionId: row.session_id },
        at: { wall: row.wall, zone: row.zone, tzdb: row.new_tzdb, instant: row.new_instant.toISOString() },
        was: { instant: row.old_instant.toISOString(), tzdb: row.old_tzdb },
        movedAt: row.moved_at.toISOString(),
      })),
      next: page.next,
    };
  }
}
