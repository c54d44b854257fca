import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { type Instant, wallAt, wallToInstant } from '#libs/kernel/src/zoned-time.js';
import type { InvitationEvent } from './invitation.events.js';

/** An invitation that a patient got, or may have got. */
export interface Invitation {
  readonly messageId: Id;
  readonly at: Instant;
}

export const invitationFold = {
  initial: [] as readonly Invitation[],
  evolve: (state: readonly Invitation[], { data, recordedAt }: RecordedEvent<InvitationEvent>): readonly Invitation[] =>
    // Tried again it is one invitation, and the last try counts: that is when it may have come.
    [...state.filter(({ messageId }) => messageId !== data.messageId), { messageId: data.messageId, at: recordedAt }],
};

/**
 * Until when a patient gets no other invitation; null: none stands against one. Days are those of the calendar in the
 * zone of the site.
 * @param invitations of all registrations of the person
 */
export function cappedUntil(
  invitations: readonly Invitation[],
  cap: { readonly count: number; readonly days: number } | null,
  { messageId, now, zone }: { readonly messageId: Id; readonly now: Instant; readonly zone: string },
): Instant | null {
  if (!cap) return null;
  // What was tried before does not stand in its own way.
  const others = invitations.filter((each) => each.messageId !== messageId);
  const ends = others.map(({ at }) => daysAfter(at, cap.days, zone)).filter((end) => end > now);
  // When so many of them are over that one fits in again.
  return ends.sort().at(-cap.count) ?? null;
}

function daysAfter(at: Instant, days: number, zone: string): Instant {
  const wall = wallAt(at, zone);
  return wallToInstant(`${addDays(wall.slice(0, 10), days)}${wall.slice(10)}`, zone).instant;
}
