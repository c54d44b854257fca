import { resolveWall, type WallTime, zonedTime, type Instant, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { WallTimeSkipped } from './course/course.errors.js';

/**
 * The moment a caller means by a wall time at a site; the present where none is given. One that occurred twice is the
 * earlier.
 * @throws WallTimeSkipped
 */
export function wallTimeAt(wall: WallTime | undefined, zone: string, now: Instant): ZonedTime {
  if (wall === undefined) return zonedTime(now, zone);
  const resolved = resolveWall(wall, zone);
  if (resolved.kind === 'skipped') throw new WallTimeSkipped(wall, zone);
  return resolved.time;
}
