/**
 * The times that are held for patients, for those who decide from them. `SlotsExhausted`, `SlotAccepted` and
 * `SlotAnsweredLate` ask somebody of the staff to do something.
 */
export {
  type ReleaseReason,
  SLOT_EVENTS,
  SlotAccepted,
  SlotAnsweredLate,
  SlotConfirmed,
  type SlotEvent,
  SlotHeld,
  slotIdOf,
  SlotReleased,
  SlotsExhausted,
  slotStream,
} from './slot/slot.events.js';
export { goesOnProposing, isOpen, type OpenSlot, slotFold, type SlotState } from './slot/slot.state.js';
export { loadSlots } from './slot/load-slots.js';
