import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { DiaryEvent } from './diary.events.js';

/** A time in which a patient is, or may be, treated: from `from` until before `to`. */
export interface Taken {
  readonly from: Instant;
  readonly to: Instant;
}

export interface TakenBySlot extends Taken {
  readonly slotId: string;
}

export const diaryFold = {
  initial: [] as readonly TakenBySlot[],
  evolve: (state: readonly TakenBySlot[], event: RecordedEvent<DiaryEvent>): readonly TakenBySlot[] => {
    const others = state.filter(({ slotId }) => slotId !== event.data.slotId);
    if (event.type === 'TimeFreed') return others;
    const { slotId, from, to } = event.data;
    return [...others, { slotId, from, to }];
  },
};

/** How many are treated at once, at the fullest instant of a time. */
export function fullestIn({ from, to }: Taken, taken: readonly Taken[]): number {
  const within = taken.filter((each) => each.from < to && from < each.to);
  // It only gets fuller where something begins.
  const starts = [from, ...within.map((each) => each.from).filter((start) => start > from)];
  return Math.max(...starts.map((start) => within.filter((each) => each.from <= start && start < each.to).length));
}
