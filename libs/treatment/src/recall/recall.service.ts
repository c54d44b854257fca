import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { readGtin } from '../lot/gtin.js';
import type { EntryReason } from '../lot/lot.events.js';
import { patientStream } from '../patient/patient.events.js';
import { patientFold } from '../patient/patient.state.js';
import type { CorrectRecallEntryData, LiftRecallData, RecallLotData, TellPatientsData } from './recall.commands.js';
import { decideRecall, type RecallCommand, type RecallEntryData } from './recall.decider.js';
import { recallsOfNumber } from './recall-of-lot.js';
import {
  LotNumberRecalled,
  recallIdOf,
  recallsOfNumberFold,
  recallsOfNumberStream,
  recallStreamOf,
} from './recall.events.js';
import { recallFold } from './recall.state.js';
import { LotTraceQuery } from './lot-trace/lot-trace.query.js';
import { type NamedLot, recallOfLot } from './recalled-lot.rules.js';

/** What PostgreSQL answers where a table, or its schema, is not there. */
const NOT_MADE_YET: ReadonlySet<unknown> = new Set(['42P01', '3F000']);

/** Said where a recall is about nothing that any site has received: a notice that is misread blocks nothing. */
const NO_RECEIPT =
  'No site has received this lot: compare product, lot number and GTIN with the notice. The recall holds once it comes.';

/** Gathers what a command on a recall is judged by, and lets the decider decide. */
@Injectable()
export class RecallService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly trace: LotTraceQuery,
  ) {}

  /**
   * Recalls a lot in the whole chain, whether a site has received it or not. A lot that was recalled before keeps its
   * recall, under whatever spelling it is recalled again.
   * @returns with how many receipts on record are of the lot, as far as the read models know; none is worth a warning
   */
  async recall(
    meta: CommandMeta,
    data: RecallLotData,
  ): Promise<CommandAnswer & { receipts?: number; warnings?: string[] }> {
    const { product, lotNumber, ...notice } = data;
    const { id: chainId } = meta.chain;
    const index = recallsOfNumberStream(chainId, lotNumber);
    let recallId = recallIdOf(chainId, product, lotNumber);
    const gtin = notice.gtin === undefined ? null : (readGtin(notice.gtin) ?? null);
    const result = await this.runner.run(meta, async (reads) => {
      const { listed, recalls } = await recallsOfNumber(reads, chainId, { product, lotNumber });
      const known = recallOfLot(recalls, { product, lotNumber, gtin });
      if (known.status !== 'none') recallId = known.recallId;
      const stream = recallStreamOf(recallId);
      const { state } = await reads.load(stream, recallFold);
      const names = state.status === 'none' ? { product, lotNumber } : state;
      const named = { product: names.product, lotNumber: names.lotNumber };
      const events = decideRecall({ type: 'RecallLot', recallId, ...named, notice }, state, reads.now);
      // Said again, one of an older version that no list names comes into it, and is found under every spelling from then on.
      const listing = listed.includes(recallId) ? [] : [LotNumberRecalled(occurredNow(reads.now), { recallId })];
      return [
        { stream, events },
        { stream: index, events: listing },
      ];
    });
    const receipts = await this.receiptsOf(meta.chain, { product, lotNumber, gtin });
    if (receipts === undefined) return { id: recallId, ...result };
    return { id: recallId, ...result, receipts, ...(receipts === 0 ? { warnings: [NO_RECEIPT] } : {}) };
  }

  /** A recall does not wait for a read model that is being made anew: how many receipts there are is then left open. */
  private async receiptsOf(chain: Chain, lot: NamedLot): Promise<number | undefined> {
    try {
      return await this.trace.receiptsOf(chain, lot);
    } catch (error) {
      if (NOT_MADE_YET.has((error as { code?: unknown }).code)) return undefined;
      throw error;
    }
  }

  lift(meta: CommandMeta, recallId: Id, { liftedOn, reference }: LiftRecallData): Promise<CommandAnswer> {
    return this.decide(meta, recallId, { type: 'LiftRecall', liftedOn, reference });
  }

  /** Records who has been told. All of them, or nobody. */
  async told(meta: CommandMeta, recallId: Id, { patients, on, how }: TellPatientsData): Promise<CommandAnswer> {
    const patientIds = await this.known(meta.chain, patients);
    return this.decide(meta, recallId, { type: 'TellPatients', patientIds, on, how });
  }

  correct(
    meta: CommandMeta,
    recallId: Id,
    entryId: Id,
    { data, reason }: CorrectRecallEntryData,
  ): Promise<CommandAnswer> {
    return this.decide(meta, recallId, { type: 'CorrectEntry', entryId, data: entryData(data), reason });
  }

  retract(meta: CommandMeta, recallId: Id, entryId: Id, reason: EntryReason): Promise<CommandAnswer> {
    return this.decide(meta, recallId, { type: 'RetractEntry', entryId, reason });
  }

  private async decide(meta: CommandMeta, recallId: Id, command: RecallCommand): Promise<CommandAnswer> {
    const stream = recallStreamOf(recallId);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, recallFold);
      const events = decideRecall(command, state, reads.now);
      if (state.status === 'none' || events.length === 0) return [{ stream, events }];
      const index = recallsOfNumberStream(meta.chain.id, state.lotNumber);
      const { state: listed } = await reads.load(index, recallsOfNumberFold);
      const listing = listed.includes(recallId) ? [] : [LotNumberRecalled(occurredNow(reads.now), { recallId })];
      return [
        { stream, events },
        { stream: index, events: listing },
      ];
    });
    return { id: recallId, ...result };
  }

  /**
   * The patients' ids in the order of the request, null for one who is none. A patient who was registered stays one, so
   * that nothing here needs to stand still until it is recorded.
   */
  private async known(chain: Chain, patients: readonly string[]): Promise<(Id | null)[]> {
    const codes = patients.filter((reference) => !isId(reference));
    const ids = codes.length === 0 ? new Map<string, Id>() : await this.codes.find(chain, 'patient', codes);
    return Promise.all(
      patients.map(async (reference) => {
        const id = isId(reference) ? reference : ids.get(reference);
        if (id === undefined) return null;
        const { state } = await this.runner.read(chain, patientStream(id), patientFold);
        return state.status === 'none' ? null : id;
      }),
    );
  }
}

/** Which kind of entry the data are: each has a field that the others do not have. */
function entryData(data: CorrectRecallEntryData['data']): RecallEntryData {
  if ('recalledOn' in data) return { kind: 'notice', notice: data };
  if ('liftedOn' in data) return { kind: 'lift', ...data };
  return { kind: 'told', ...data };
}
