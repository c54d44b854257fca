import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { HeldTime, HeldTimes } from '#libs/messaging/src/proposals.contract.js';
import { loadSlots } from './load-slots.js';
import { slotStream } from './slot.events.js';
import { goesOnProposing, slotFold, type SlotState } from './slot.state.js';

/** What messages ask of the times that are held. */
export const heldTimes: HeldTimes = {
  time: async (reads: Pick<Reads, 'load'>, slotId: Id) =>
    heldTimeOf((await reads.load(slotStream(slotId), slotFold)).state),
  isProposing: async (reads: Pick<Reads, 'load'>, courseId: Id, ordinal: number) =>
    goesOnProposing(await loadSlots(reads, courseId, ordinal)),
};

/** A slot as a message sees it: given back, booked or never held is one and the same. */
export function heldTimeOf(state: SlotState): HeldTime {
  if (state.status === 'held') return { status: 'held', at: state.slot.at, heldUntil: state.slot.heldUntil };
  return { status: state.status === 'accepted' ? 'accepted' : 'over' };
}
