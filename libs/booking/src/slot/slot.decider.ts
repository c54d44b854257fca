import { assertNever } from '#libs/kernel/src/assert-never.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { SlotGone, SlotUnknown } from './slot.errors.js';
import {
  type ReleaseReason,
  SlotAccepted,
  SlotAnsweredLate,
  SlotConfirmed,
  type SlotEvent,
  SlotHeld,
  SlotReleased,
  SlotsExhausted,
} from './slot.events.js';
import { type HeldTime, isOpen, type SlotState } from './slot.state.js';

type Exhausted = Extract<SlotEvent, { type: 'SlotsExhausted' }>['data'];

export type SlotCommand =
  | { readonly kind: 'hold'; readonly slot: HeldTime }
  | { readonly kind: 'exhaust'; readonly exhausted: Exhausted }
  /**
   * The patient said yes. `gone` is why it is not theirs any more though nobody has released it yet; `against` are ids of
   * the rules that keep it from being booked at once.
   */
  | {
      readonly kind: 'agree';
      readonly gone: ReleaseReason | null;
      readonly against: readonly string[];
      readonly sessionId: string;
    }
  /** Somebody of the staff books it. */
  | { readonly kind: 'confirm'; readonly gone: ReleaseReason | null; readonly sessionId: string }
  | { readonly kind: 'release'; readonly reason: ReleaseReason };

/**
 * Decides what a command means to a time that may be held. A command that was done before adds nothing: workers try, and
 * patients press, more than once.
 * @throws SlotUnknown; SlotGone where staff confirm a time that is not held any more
 */
export function decideSlot(command: SlotCommand, state: SlotState, now: Instant): SlotEvent[] {
  const at = occurredNow(now);
  switch (command.kind) {
    case 'hold':
      return state.status === 'none' ? [SlotHeld(at, command.slot)] : [];
    case 'exhaust':
      return state.status === 'none' ? [SlotsExhausted(at, command.exhausted)] : [];
    case 'agree':
      return agree(command, state, now);
    case 'confirm':
      return confirm(command, state, now);
    case 'release':
      return release(command.reason, state, now);
    default:
      return assertNever(command, 'slot command');
  }
}

function agree(
  { gone, against, sessionId }: Extract<SlotCommand, { kind: 'agree' }>,
  state: SlotState,
  now: Instant,
): SlotEvent[] {
  const { slot, ...known } = knownOf(state);
  const at = occurredNow(now);
  switch (known.status) {
    case 'confirmed':
    case 'accepted':
      return [];
    case 'released':
      return known.answeredLate ? [] : [late(slot, known.reason, now)];
    case 'held': {
      const over = gone ?? overAt(slot, now);
      if (over) return [...released(slot, over, now), late(slot, over, now)];
      if (slot.confirmedBy === 'staff' || against.length > 0) {
        return [SlotAccepted(at, { ...idsOf(slot), against: [...against] })];
      }
      return [SlotConfirmed(at, { ...idsOf(slot), by: 'patient', sessionId })];
    }
  }
}

function confirm(
  { gone, sessionId }: Extract<SlotCommand, { kind: 'confirm' }>,
  state: SlotState,
  now: Instant,
): SlotEvent[] {
  const { slot, ...known } = knownOf(state);
  if (known.status === 'confirmed') return [];
  if (known.status === 'released') throw new SlotGone(known.reason);
  const over = gone ?? (known.status === 'held' ? overAt(slot, now) : null);
  if (over) throw new SlotGone(over);
  return [SlotConfirmed(occurredNow(now), { ...idsOf(slot), by: 'staff', sessionId })];
}

/** What only a booked session can suffer. */
const OF_SESSIONS: ReadonlySet<ReleaseReason> = new Set(['session-moved', 'session-called-off']);

function release(reason: ReleaseReason, state: SlotState, now: Instant): SlotEvent[] {
  if (state.status === 'confirmed') return OF_SESSIONS.has(reason) ? released(state.slot, reason, now) : [];
  if (!isOpen(state) || OF_SESSIONS.has(reason)) return [];
  const { slot } = state;
  // Whoever said yes has answered; and nobody is taken a time from before its end.
  if (reason === 'no-answer' && (state.status !== 'held' || now < slot.heldUntil)) return [];
  if (reason === 'not-confirmed' && (state.status !== 'accepted' || now < slot.at.instant)) return [];
  return released(slot, reason, now);
}

/** Why a time that is held is nobody's any more by the clock alone. */
export const overAt = (slot: HeldTime, now: Instant): ReleaseReason | null =>
  now >= slot.heldUntil ? 'no-answer' : null;

const released = (slot: HeldTime, reason: ReleaseReason, now: Instant): SlotEvent[] => [
  SlotReleased(occurredNow(now), { ...idsOf(slot), reason }),
];

const late = (slot: HeldTime, reason: ReleaseReason, now: Instant): SlotEvent =>
  SlotAnsweredLate(occurredNow(now), { ...idsOf(slot), siteId: slot.siteId, reason });

const idsOf = ({ slotId, courseId, patientId }: HeldTime) => ({ slotId, courseId, patientId });

/** @throws SlotUnknown */
function knownOf(state: SlotState): Exclude<SlotState, { status: 'none' | 'exhausted' }> {
  if (state.status === 'none' || state.status === 'exhausted') throw new SlotUnknown();
  return state;
}
