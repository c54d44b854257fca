import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { localDateAt, wallToInstant } from '#libs/kernel/src/zoned-time.js';
import { recallOf } from '../recall/recall-of-lot.js';
import { LotTraceQuery } from '../recall/lot-trace/lot-trace.query.js';
import { requireSite } from '../site/site.service.js';
import { wallTimeAt } from '../wall-time.js';
import type { CorrectLotEntryData, OpenVialData, ReceiveLotData, WasteLotData } from './lot.commands.js';
import { decideLot, type EntryData, type LotCommand, type LotPlace } from './lot.decider.js';
import { LotUnknown } from './lot.errors.js';
import { type EntryReason, lotStream } from './lot.events.js';
import { lotFold, type ReceivedLot } from './lot.state.js';
import { lotCode } from './lot-code.js';
import { usedOf } from './lot-used.js';
import { receiptOf } from './receipt.rules.js';

/** Gathers what a command on a lot is judged by, and lets the decider decide. Whatever is read of streams is guarded. */
@Injectable()
export class LotService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
    private readonly trace: LotTraceQuery,
  ) {}

  /**
   * A lot that is recalled is received all the same: it is there, and stands in the recall's list of places. Sessions with
   * it are refused.
   */
  async receive(meta: CommandMeta, data: ReceiveLotData): Promise<CommandAnswer> {
    const { lotNumber, receipt } = receiptOf(data);
    const { product } = data;
    const siteId = await this.references.resolve(meta.chain, 'site', data.site);
    const code = lotCode(siteId, product, lotNumber);
    const id = await this.codes.idFor(meta.chain, 'lot', code, derivedId(meta.commandId, 'lot'));
    const stream = lotStream(id);
    const result = await this.runner.run(
      meta,
      async (reads) => {
        const [{ timeZone }, { state }] = await Promise.all([requireSite(reads, siteId), reads.load(stream, lotFold)]);
        const command: LotCommand = { type: 'ReceiveLot', lotId: id, siteId, product, lotNumber, receipt };
        return [{ stream, events: decideLot(command, state, { now: reads.now, timeZone }) }];
      },
      { site: siteId },
    );
    return { id, ...result };
  }

  /** @returns the id of the opened vial as `id` */
  async openVial(meta: CommandMeta, lotId: string, data: OpenVialData): Promise<CommandAnswer> {
    const vialId = derivedId(meta.commandId, 'vial');
    const answer = await this.decide(meta, lotId, async (lot, { now, timeZone }, reads) => {
      const recall = await recallOf(reads, meta.chain.id, lot);
      const openedAt = wallTimeAt(data.openedAt, timeZone, now);
      const usableUntil = wallToInstant(data.usableUntil, timeZone);
      return { type: 'OpenVial', vialId, openedAt, usableUntil, recall };
    });
    return { ...answer, id: vialId };
  }

  /** @returns the id of the waste as `id` */
  async waste(meta: CommandMeta, lotId: string, data: WasteLotData): Promise<CommandAnswer> {
    const wasteId = derivedId(meta.commandId, 'waste');
    const { vialId, volumeMl, cause } = data;
    const answer = await this.decide(meta, lotId, async (lot, { now, timeZone }, reads) => {
      const on = data.on ?? localDateAt(now, timeZone);
      const { usedMl } = await usedOf(reads, this.trace, meta.chain, lot);
      return { type: 'WasteLot', wasteId, vialId, volumeMl, cause, on, usedMl };
    });
    return { ...answer, id: wasteId };
  }

  /** Says an entry of a lot anew: its receipt, a vial, waste. */
  async correct(
    meta: CommandMeta,
    lotId: string,
    entryId: Id,
    { data, reason }: CorrectLotEntryData,
  ): Promise<CommandAnswer> {
    return this.decide(meta, lotId, (_lot, { timeZone }) =>
      Promise.resolve({ type: 'CorrectEntry', entryId, data: entryData(data, timeZone), reason }),
    );
  }

  /** Takes an entry of a lot back that never happened. */
  async retract(meta: CommandMeta, lotId: string, entryId: Id, reason: EntryReason): Promise<CommandAnswer> {
    return this.decide(meta, lotId, () => Promise.resolve({ type: 'RetractEntry', entryId, reason }));
  }

  private async decide(
    meta: CommandMeta,
    lotId: string,
    prepare: (lot: ReceivedLot, place: LotPlace, reads: Reads) => Promise<LotCommand>,
  ): Promise<CommandAnswer> {
    const stream = lotStream(lotId);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, lotFold);
      if (state.status === 'none') throw new LotUnknown();
      const { timeZone } = await requireSite(reads, state.siteId);
      const place = { now: reads.now, timeZone };
      return [{ stream, events: decideLot(await prepare(state, place, reads), state, place) }];
    });
    return { id: lotId, ...result };
  }
}

/** Which kind of entry the data are: each has a field that the others do not have. */
function entryData(data: CorrectLotEntryData['data'], timeZone: string): EntryData {
  if ('receivedOn' in data) return { kind: 'receipt', receipt: data };
  if ('openedAt' in data) {
    const openedAt = wallToInstant(data.openedAt, timeZone);
    return { kind: 'vial', openedAt, usableUntil: wallToInstant(data.usableUntil, timeZone) };
  }
  const { vialId, volumeMl, cause, on } = data;
  return { kind: 'waste', vialId, volumeMl, cause, on };
}
