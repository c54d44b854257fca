import type { Instant } from '#libs/kernel/src/zoned-time.js';

/** How often something changed what the patient must be told, and when that was recorded last. */
export interface Told {
  readonly times: number;
  readonly recordedAt: Instant | undefined;
}

export const NEVER: Told = { times: 0, recordedAt: undefined };

export const again = ({ times }: Told, recordedAt: Instant): Told => ({ times: times + 1, recordedAt });

/** The later of two instants; `b` may be missing. */
export const later = (a: Instant, b: Instant | undefined): Instant => (b !== undefined && b > a ? b : a);

/** What a patient would be told of one thing, followed from event to event. */
export interface Telling {
  /** Which telling it is now; null: nothing is told of it at present. */
  readonly key: string | null;
  /** What is said in it; two tellings may say the same. */
  readonly content: string | null;
  /** How many tellings there were before it. It never falls. */
  readonly generation: number;
  /** Since when the same is said without a break. */
  readonly since: Instant | undefined;
  /** When a correction changed it last. */
  readonly correctedAt: Instant | undefined;
}

export const UNTOLD: Telling = {
  key: null,
  content: null,
  generation: -1,
  since: undefined,
  correctedAt: undefined,
};

/** The next step of a telling: a new one begins where there was none, or another one. */
export function tellAnew(
  telling: Telling,
  is: { readonly key: string; readonly content: string } | null,
  recordedAt: Instant,
  byCorrection: boolean,
): Telling {
  if (is === null) return { ...telling, key: null, content: null };
  if (is.key === telling.key) return telling;
  return {
    ...is,
    generation: telling.generation + 1,
    since: is.content === telling.content ? telling.since : recordedAt,
    correctedAt: byCorrection ? recordedAt : telling.correctedAt,
  };
}
