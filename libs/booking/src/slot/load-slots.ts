import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { slotIdOf, slotStream } from './slot.events.js';
import { slotFold, type SlotState } from './slot.state.js';

/** More times than any window can see held: what a site closes, and what is booked and called off, does not count as a try. */
const SLOTS_MAX = 200;

/**
 * The slots of a window in their order; at the end that nothing more is held, where that is so. All of them are read
 * through `reads`, and so is the one that is not there yet: what is decided from them is decided anew when one comes.
 */
export async function loadSlots(reads: Pick<Reads, 'load'>, courseId: Id, ordinal: number): Promise<SlotState[]> {
  const slots: SlotState[] = [];
  while (slots.length < SLOTS_MAX) {
    const { state } = await reads.load(slotStream(slotIdOf(courseId, ordinal, slots.length + 1)), slotFold);
    if (state.status === 'none') return slots;
    slots.push(state);
    if (state.status === 'exhausted') return slots;
  }
  return slots;
}
