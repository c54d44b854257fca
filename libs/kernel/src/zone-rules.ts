import { resolveWall, type ResolvedWall, TZDB_VERSION, wallToInstant, type ZonedTime } from './zoned-time.js';

/** Rules of zones: of which tz database, and how they find the instant of a wall time. */
export interface ZoneRules {
  readonly tzdb: string;
  /** What `resolveWall` answers by these rules. */
  resolve(wall: string, zone: string): ResolvedWall;
}

/** Those that this software comes with. */
export const PRESENT_RULES: ZoneRules = { tzdb: TZDB_VERSION, resolve: resolveWall };

/**
 * A time that was written by older rules, as newer ones have it: the wall time is what people agreed on, so it stays and
 * the instant moves. Where a wall time occurs twice, either of its instants is right.
 * @returns undefined where nothing moves, and for what was written by the same rules or by newer ones
 */
export function movedByRules(time: ZonedTime, rules: ZoneRules = PRESENT_RULES): ZonedTime | undefined {
  if (time.tzdb >= rules.tzdb) return undefined;
  const resolved = rules.resolve(time.wall, time.zone);
  switch (resolved.kind) {
    case 'unique':
      return resolved.time.instant === time.instant ? undefined : resolved.time;
    case 'twice':
      return [resolved.time.instant, resolved.later.instant].includes(time.instant) ? undefined : resolved.time;
    // The hour is left out now: as near to it as a clock on the wall can show.
    case 'skipped': {
      const after = wallToInstant(time.wall, time.zone);
      return after.instant === time.instant ? undefined : after;
    }
  }
}
