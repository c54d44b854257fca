import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import { Refused } from '#libs/kernel/src/errors.js';
import { derivedId, type Id, isId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { PatientErased, PatientStreams, patientStream } from '#libs/treatment/src/erasure.contract.js';
import { Injectable } from '@nestjs/common';
import { ErasureFinisher } from '../effect/erasure-finisher.js';
import type {
  ConfirmErasureData,
  DeclineErasureData,
  LiftLegalHoldData,
  RequestErasureData,
  SetLegalHoldData,
} from './erasure.commands.js';
import { decideErasure, type ErasureCommand } from './erasure.decider.js';
import { LegalHoldUnknown } from './erasure.errors.js';
import { erasureStream } from './erasure.events.js';
import { loadMatter } from './erasure-matter.js';

/** The one who stands in for a second person where a sandbox has only one user. */
const SECOND_DEMO_PERSON = 'user:demo-second';

/** What people decide about the erasure of patients. */
@Injectable()
export class ErasureService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
    private readonly streams: PatientStreams,
    private readonly finisher: ErasureFinisher,
  ) {}

  /**
   * The first of two people.
   * @returns the id of the erasure
   * @throws PatientUnknown, ErasureRefused, ErasureUnderWay, ErasureDone
   */
  async request(meta: CommandMeta, patient: string, data: RequestErasureData): Promise<CommandAnswer> {
    const erasureId = derivedId(meta.commandId, 'erasure');
    const answer = await this.decide(meta, patient, { type: 'RequestErasure', erasureId, ...data });
    return { ...answer, id: erasureId };
  }

  /**
   * The second one. When this returns, nothing of the person can be read any more, and accounts that were only theirs are
   * closed; it is final a little later.
   * @throws PatientUnknown, ErasureRefused, SecondPersonNeeded, ErasureUnknown, ErasureDone; Unavailable where the person
   *   is erased and nobody can tell now whose accounts there are: a worker goes on, and so does whoever confirms again
   */
  async confirm(
    meta: CommandMeta,
    patient: string,
    { erasure: erasureId, asSecondPerson }: ConfirmErasureData,
  ): Promise<CommandAnswer> {
    const { chain } = meta;
    const patientId = await this.references.resolve(chain, 'patient', patient);
    const by = asPerson(meta, asSecondPerson);
    let registrations: readonly Id[] = [];
    const result = await this.runner.run(by, async (reads) => {
      const matter = await loadMatter(reads, patientId, by.actor, this.streams);
      const events = decideErasure({ type: 'ConfirmErasure', erasureId }, matter);
      registrations = matter.registrations.map((each) => each.patientId);
      const own = { stream: erasureStream(patientId), events };
      if (events.length === 0) return [own];
      const erased = matter.registrations
        .filter((each) => each.erasureId === null)
        .map((each) => ({
          stream: patientStream(each.patientId),
          events: [PatientErased(occurredNow(reads.now), { patientId: each.patientId, erasureId })],
        }));
      return [own, ...erased];
    });
    await this.finisher.makeUnreadable(chain, registrations, erasureId);
    await this.finisher.closeAccounts(chain, registrations, erasureId);
    return { ...result, id: erasureId };
  }

  /** @throws PatientUnknown, ErasureUnknown */
  decline(
    meta: CommandMeta,
    patient: string,
    { erasure: erasureId, reason, asSecondPerson }: DeclineErasureData,
  ): Promise<CommandAnswer> {
    return this.decide(asPerson(meta, asSecondPerson), patient, { type: 'DeclineErasure', erasureId, reason });
  }

  /** @returns the id of the hold @throws PatientUnknown, ErasureDone */
  async setHold(meta: CommandMeta, patient: string, { reason }: SetLegalHoldData): Promise<CommandAnswer> {
    const holdId = derivedId(meta.commandId, 'legal-hold');
    const answer = await this.decide(meta, patient, { type: 'SetLegalHold', holdId, reason });
    return { ...answer, id: holdId };
  }

  /** @throws PatientUnknown, LegalHoldUnknown */
  async liftHold(
    meta: CommandMeta,
    patient: string,
    holdId: string,
    { reason }: LiftLegalHoldData,
  ): Promise<CommandAnswer> {
    if (!isId(holdId)) throw new LegalHoldUnknown();
    const answer = await this.decide(meta, patient, { type: 'LiftLegalHold', holdId, reason });
    return { ...answer, id: holdId };
  }

  private async decide(meta: CommandMeta, patient: string, command: ErasureCommand): Promise<CommandAnswer> {
    const patientId = await this.references.resolve(meta.chain, 'patient', patient);
    const result = await this.runner.run(meta, async (reads) => {
      const matter = await loadMatter(reads, patientId, meta.actor, this.streams);
      return [{ stream: erasureStream(patientId), events: decideErasure(command, matter) }];
    });
    return { id: patientId, ...result };
  }
}

/** @throws Refused `erasure.no-demo` where there are real people */
function asPerson(meta: CommandMeta, asSecondPerson: boolean | undefined): CommandMeta {
  if (asSecondPerson !== true) return meta;
  if (!meta.chain.sandbox) {
    throw new Refused('erasure.no-demo', 'Only a sandbox has a second person to stand in: sign in as somebody else.', {
      fields: [{ field: 'asSecondPerson', message: 'Leave it out: this chain is no sandbox.' }],
    });
  }
  return { ...meta, actor: SECOND_DEMO_PERSON };
}
