import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { ConfirmSlotData, ReleaseSlotData } from './slot.commands.js';
import { SlotService } from './slot.service.js';

interface OfSlot {
  readonly slot: string;
}

export class ConfirmSlot extends CommandOf<ConfirmSlotData, OfSlot> {}
export class ReleaseSlot extends CommandOf<ReleaseSlotData, OfSlot> {}

export const SLOT_HANDLERS = [
  handle(ConfirmSlot, SlotService, (slots, { meta, target, data }) => slots.confirm(meta, target.slot, data)),
  handle(ReleaseSlot, SlotService, (slots, { meta, target, data }) => slots.release(meta, target.slot, data)),
];
