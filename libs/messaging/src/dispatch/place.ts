import type { Id } from '#libs/kernel/src/ids.js';

/** How far a walk through messages has come that are in order of a time, and then of their ids. */
export interface Place {
  /** As the database writes it, to the microsecond, of which a Date knows nothing. */
  readonly at: string;
  readonly messageId: Id;
}

/** Before everything. */
export const START: Place = { at: '-infinity', messageId: '00000000-0000-0000-0000-000000000000' };
