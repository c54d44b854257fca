import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';

/** How it stands with a time that a patient was, or is to be, asked about. */
export type HeldTime =
  | { readonly status: 'held'; readonly at: ZonedTime; readonly heldUntil: Instant }
  /** The patient said yes, and staff see to the rest. */
  | { readonly status: 'accepted' }
  /** It was given back, was booked, or was never held. */
  | { readonly status: 'over' };

/** Whoever holds times for patients. What is asked is read through `reads`, and so guards what is decided from it. */
export interface HeldTimes {
  time(reads: Pick<Reads, 'load'>, slotId: Id): Promise<HeldTime>;
  /** Whether times are still proposed in a maintenance window of a course. */
  isProposing(reads: Pick<Reads, 'load'>, courseId: Id, ordinal: number): Promise<boolean>;
}

/** Where nobody holds any. */
export const NO_HELD_TIMES: HeldTimes = {
  time: () => Promise.resolve({ status: 'over' }),
  isProposing: () => Promise.resolve(false),
};
