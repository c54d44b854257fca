import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import type { EntryReason } from '../lot/lot.events.js';
import { patientStream } from '../patient/patient.events.js';
import { patientFold } from '../patient/patient.state.js';
import type { CorrectRecallEntryData, LiftRecallData, RecallLotData, TellPatientsData } from './recall.commands.js';
import { decideRecall, type RecallCommand, type RecallEntryData } from './recall.decider.js';
import { recallIdOf, recallStreamOf } from './recall.events.js';
import { recallFold } from './recall.state.js';

/** Gathers what a command on a recall is judged by, and lets the decider decide. */
@Injectable()
export class RecallService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
  ) {}

  /** Recalls a lot in the whole chain, whether a site has received it or not. */
  recall(meta: CommandMeta, data: RecallLotData): Promise<CommandAnswer> {
    const { product, lotNumber, ...notice } = data;
    const recallId = recallIdOf(meta.chain.id, product, lotNumber);
    return this.decide(meta, recallId, { type: 'RecallLot', recallId, product, lotNumber, notice });
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
      return [{ stream, events: decideRecall(command, state, reads.now) }];
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
