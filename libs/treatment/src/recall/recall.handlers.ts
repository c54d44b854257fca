import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { EntryReason } from '../lot/lot.events.js';
import type { CorrectRecallEntryData, LiftRecallData, RecallLotData, TellPatientsData } from './recall.commands.js';
import { RecallService } from './recall.service.js';

interface OfRecall {
  readonly recall: string;
}
interface OfEntry extends OfRecall {
  readonly entry: string;
}

export class RecallLot extends CommandOf<RecallLotData> {}
export class LiftRecall extends CommandOf<LiftRecallData, OfRecall> {}
export class TellPatients extends CommandOf<TellPatientsData, OfRecall> {}
export class CorrectRecallEntry extends CommandOf<CorrectRecallEntryData, OfEntry> {}
export class RetractRecallEntry extends CommandOf<{ readonly reason: EntryReason }, OfEntry> {}

export const RECALL_HANDLERS = [
  handle(RecallLot, RecallService, (recalls, { meta, data }) => recalls.recall(meta, data)),
  handle(LiftRecall, RecallService, (recalls, { meta, target, data }) => recalls.lift(meta, target.recall, data)),
  handle(TellPatients, RecallService, (recalls, { meta, target, data }) => recalls.told(meta, target.recall, data)),
  handle(CorrectRecallEntry, RecallService, (recalls, { meta, target, data }) =>
    recalls.correct(meta, target.recall, target.entry, data),
  ),
  handle(RetractRecallEntry, RecallService, (recalls, { meta, target, data }) =>
    recalls.retract(meta, target.recall, target.entry, data.reason),
  ),
];
