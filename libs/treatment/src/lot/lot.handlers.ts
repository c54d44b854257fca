import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { CorrectLotEntryData, OpenVialData, ReceiveLotData, WasteLotData } from './lot.commands.js';
import type { EntryReason } from './lot.events.js';
import { LotService } from './lot.service.js';

interface OfLot {
  readonly lot: string;
}
interface OfEntry extends OfLot {
  readonly entry: string;
}

export class ReceiveLot extends CommandOf<ReceiveLotData> {}
export class OpenVial extends CommandOf<OpenVialData, OfLot> {}
export class WasteLot extends CommandOf<WasteLotData, OfLot> {}
export class CorrectLotEntry extends CommandOf<CorrectLotEntryData, OfEntry> {}
export class RetractLotEntry extends CommandOf<{ readonly reason: EntryReason }, OfEntry> {}

export const LOT_HANDLERS = [
  handle(ReceiveLot, LotService, (lots, { meta, data }) => lots.receive(meta, data)),
  handle(OpenVial, LotService, (lots, { meta, target, data }) => lots.openVial(meta, target.lot, data)),
  handle(WasteLot, LotService, (lots, { meta, target, data }) => lots.waste(meta, target.lot, data)),
  handle(CorrectLotEntry, LotService, (lots, { meta, target, data }) =>
    lots.correct(meta, target.lot, target.entry, data),
  ),
  handle(RetractLotEntry, LotService, (lots, { meta, target, data }) =>
    lots.retract(meta, target.lot, target.entry, data.reason),
  ),
];
