import type { Instant } from '#libs/kernel/src/zoned-time.js';

/** How often something changed what the patient must be told, and when that was recorded last. */
export interface Told {
  readonly times: number;
  readonly recordedAt: Instant | undefined;
}

export const NEVER: Told = { times: 0, recordedAt: undefined };

export const again = ({ times }: Told, recordedAt: Instant, by = 1): Told => ({ times: times + by, recordedAt });

/** The later of two instants; `b` may be missing. */
export const later = (a: Instant, b: Instant | undefined): Instant => (b !== undefined && b > a ? b : a);
