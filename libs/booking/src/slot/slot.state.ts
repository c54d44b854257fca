import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ReleaseReason, SlotEvent } from './slot.events.js';

type DataOf<Type extends SlotEvent['type']> = Extract<SlotEvent, { type: Type }>['data'];

/** What was held, for whom and until when. It never changes. */
export type HeldTime = DataOf<'SlotHeld'>;

interface Known {
  readonly slot: HeldTime;
}

/** A time that the patient can still have. */
export type OpenSlot =
  | (Known & { readonly status: 'held' })
  /** The patient said yes; `against` are ids of the rules that keep it from being booked at once. */
  | (Known & { readonly status: 'accepted'; readonly against: readonly string[] });

export type SlotState =
  | { readonly status: 'none' }
  | OpenSlot
  | (Known & { readonly status: 'confirmed'; readonly sessionId: string; readonly by: 'patient' | 'staff' })
  | (Known & { readonly status: 'released'; readonly reason: ReleaseReason; readonly answeredLate: boolean })
  /** Nothing is held in the window any more. */
  | { readonly status: 'exhausted'; readonly exhausted: DataOf<'SlotsExhausted'> };

export const isOpen = (state: SlotState): state is OpenSlot => state.status === 'held' || state.status === 'accepted';

/** Whether times are still proposed in a window, by the slots that there were in it: until nothing more is, or staff see to it. */
export function goesOnProposing(slots: readonly SlotState[]): boolean {
  const last = slots.at(-1);
  return last?.status !== 'exhausted' && !(last?.status === 'released' && last.reason === 'by-staff');
}

export const slotFold = {
  initial: { status: 'none' } as SlotState,
  evolve: (state: SlotState, event: RecordedEvent<SlotEvent>): SlotState => evolve(state, event),
};

/** As the fold, for an event that is not recorded yet. */
export function evolve(state: SlotState, event: SlotEvent): SlotState {
  if (event.type === 'SlotHeld') return { status: 'held', slot: event.data };
  if (event.type === 'SlotsExhausted') return { status: 'exhausted', exhausted: event.data };
  if (state.status === 'none' || state.status === 'exhausted') return state;
  const { slot } = state;
  switch (event.type) {
    case 'SlotAccepted':
      return { status: 'accepted', slot, against: event.data.against };
    case 'SlotConfirmed':
      return { status: 'confirmed', slot, sessionId: event.data.sessionId, by: event.data.by };
    case 'SlotReleased':
      return { status: 'released', slot, reason: event.data.reason, answeredLate: false };
    case 'SlotAnsweredLate':
      return state.status === 'released' ? { ...state, answeredLate: true } : state;
    default:
      return assertNever(event, 'slot event');
  }
}
