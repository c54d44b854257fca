import type { CommandRunner, Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Database } from '#libs/database/src/database.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, LocalDate, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { SITE_DAY } from '#libs/treatment/src/booking.contract.js';
import type { OpeningHours } from '#libs/treatment/src/streams.contract.js';
import { diaryStream } from '../diary/diary.events.js';
import { diaryFold, type Taken, type TakenBySlot } from '../diary/diary.state.js';
import { sessionIdOfSlot } from '../slot/slot.events.js';
import { after, firstFree, startsOn } from './slot-times.js';

/** A session that is booked at a site. */
export interface SiteSession {
  readonly sessionId: Id;
  readonly at: Instant;
}

/** Where the sessions of a site are found that somebody has booked. */
export interface SiteSessions {
  /** By day; both days belong to it. */
  booked(chain: Chain, siteId: Id, from: LocalDate, to: LocalDate): Promise<ReadonlyMap<LocalDate, SiteSession[]>>;
}

/** The sessions of the read model: what staff booked a moment ago may be missing. */
export class SiteDaySessions implements SiteSessions {
  constructor(private readonly db: Database) {}

  async booked(
    chain: Chain,
    siteId: Id,
    from: LocalDate,
    to: LocalDate,
  ): Promise<ReadonlyMap<LocalDate, SiteSession[]>> {
    const { rows } = await this.db.query<{ id: Id; local_date: LocalDate; instant: Instant }>(
      `select id, local_date, instant from "${schemaOf(SITE_DAY)}".session
       where chain = $1 and site_id = $2 and local_date between $3 and $4 and status = 'booked'`,
      [chain.no, siteId, from, to],
    );
    const byDay = new Map<LocalDate, SiteSession[]>();
    for (const { id, local_date: day, instant } of rows) {
      byDay.set(day, [...(byDay.get(day) ?? []), { sessionId: id, at: instant }]);
    }
    return byDay;
  }
}

/** A time that is looked for. */
export interface Wish {
  readonly siteId: Id;
  readonly zone: string;
  /** In order. */
  readonly days: readonly LocalDate[];
  readonly openingHours: OpeningHours;
  readonly minutes: number;
  readonly capacity: number;
  readonly notBefore: Instant;
}

/** Finds times at which a site can still treat somebody. */
export class FreeTimes {
  constructor(
    private readonly runner: Pick<CommandRunner, 'read'>,
    private readonly sessions: SiteSessions,
  ) {}

  /**
   * The first free time. The diary of its day is read through `reads`: whatever is held there meanwhile makes it be
   * decided anew. Days that are full are only looked at, since it does no harm when one of them has room by then.
   */
  async first(reads: Reads, wish: Wish): Promise<ZonedTime | undefined> {
    const { siteId, days } = wish;
    const [from, to] = [days[0], days.at(-1)];
    if (from === undefined || to === undefined) return undefined;
    const sessions = await this.sessions.booked(reads.chain, siteId, from, to);
    for (const day of days) {
      const starts = startsOn(day, wish.zone, wish.openingHours, wish.minutes).filter(
        ({ instant }) => instant >= wish.notBefore,
      );
      if (starts.length === 0) continue;
      const stream = diaryStream(siteId, day);
      const freeIn = (diary: readonly TakenBySlot[]) =>
        firstFree(starts, wish.minutes, takenOn(diary, sessions.get(day) ?? [], wish.minutes), wish.capacity);
      if (!freeIn((await this.runner.read(reads.chain, stream, diaryFold)).state)) continue;
      const free = freeIn((await reads.load(stream, diaryFold)).state);
      if (free) return free;
    }
    return undefined;
  }
}

/** What is held, and what is booked beside it: nobody says how long that takes, so it is taken for as long as the other. */
function takenOn(diary: readonly TakenBySlot[], sessions: readonly SiteSession[], minutes: number): Taken[] {
  const ofSlots = new Set(diary.map(({ slotId }) => sessionIdOfSlot(slotId)));
  const others = sessions.filter(({ sessionId }) => !ofSlots.has(sessionId));
  return [...diary, ...others.map(({ at }) => ({ from: at, to: after(at, minutes) }))];
}
