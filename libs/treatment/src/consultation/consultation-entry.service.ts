import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads, type StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { type Occurred, occurredAt } from '#libs/kernel/src/occurred.js';
import type { WallTime } from '#libs/kernel/src/zoned-time.js';
import { type HealthFactRecorded, patientStream } from '../patient/patient.events.js';
import { patientEntriesFold } from '../patient/patient-entry.state.js';
import { atSite, endOfPerson, healthKnownOn, healthOn, isMinorOn, loadPerson } from '../patient/person.js';
import { requireAnyProtocol } from '../protocol/protocol.service.js';
import { siteStream } from '../site/site.events.js';
import { requireSite } from '../site/site.service.js';
import { siteFold } from '../site/site.state.js';
import { wallTimeAt } from '../wall-time.js';
import type { CorrectConsultationEntryData, RetractConsultationEntryData } from './consultation.commands.js';
import { onDay, withoutUndefined } from './consultation-entry.rules.js';
import {
  ConsentSigned,
  ConsentWithdrawn,
  ConsultationConcluded,
  type ConsultationEvent,
  ConsultationHeld,
  ConsultationNoted,
  consultationStream,
  ContraindicationOverridden,
  ProductsConsidered,
  QuestionnaireAnswered,
  TestRequested,
  TestResultRecorded,
} from './consultation.events.js';
import { ConsultationService, knowledgeIn, practitionerOf } from './consultation.service.js';
import type { ConsultationState, HeldConsultation } from './consultation.state.js';
import type { PermissionWorld } from './consultation-permission.rules.js';
import {
  factKey,
  factsOfResults,
  isSaid,
  newlySaid,
  outcomeIn,
  takenBack,
  withdrawalsIn,
} from './consultation-knowledge.rules.js';
import type { ScreeningRules } from './consultation.rules.js';
import {
  answersWithout,
  consultationHistoryFold,
  type ConsultationEntryNow,
  correctEntry,
  entryOf,
  retractEntry,
  stateWith,
  stateWithout,
} from './consultation-entry.decider.js';

type Corrected = CorrectConsultationEntryData['data'];

/** A change of entries of a consultation. */
interface Changed {
  readonly state: HeldConsultation;
  readonly after: ConsultationState;
  readonly known: { readonly protocol: ScreeningRules };
  readonly reason: string;
}

/** Corrects entries of consultations, and takes them back. */
@Injectable()
export class ConsultationEntryService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
    private readonly consultations: ConsultationService,
  ) {}

  /**
   * @param event id of the event of the entry, or of a correction of it
   * @throws ConsultationUnknown, EntryUnknown, ConsultationRefused
   */
  async correct(
    meta: CommandMeta,
    id: Id,
    event: Id,
    { data, reason }: CorrectConsultationEntryData,
  ): Promise<CommandAnswer> {
    const named = await this.idsIn(meta.chain, data);
    const stream = consultationStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state: history } = await reads.load(stream, consultationHistoryFold);
      const { state, entry } = entryOf(history, event);
      const practitioner = named.practitionerId ? await practitionerOf(reads, named.practitionerId) : undefined;
      const says = await this.eventOf(data, named, { state, entry }, reads);
      // An entry of another kind is refused whatever it would open.
      const after = entry.type === says.type ? stateWith(history, event, says) : state;
      const permissions = await permissionsIn(state, after, reads);
      const known = { protocol: permissions.protocol, practitioner, permissions };
      const events = correctEntry({ event, says, reason, known }, history, reads.now);
      if (events.length === 0) return [{ stream, events }];
      const learned = await knowledgeIn([says], state, meta, reads);
      return [{ stream, events }, ...(await this.follow({ state, after, known, reason }, learned, meta, reads))];
    });
    return { id, ...result };
  }

  /** @throws ConsultationUnknown, EntryUnknown, ConsultationRefused */
  async retract(
    meta: CommandMeta,
    id: Id,
    event: Id,
    { reason }: RetractConsultationEntryData,
  ): Promise<CommandAnswer> {
    const stream = consultationStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state: history } = await reads.load(stream, consultationHistoryFold);
      const { state } = entryOf(history, event);
      const after = stateWithout(await reads.events(stream), event);
      const permissions = await permissionsIn(state, after, reads);
      const events = retractEntry({ event, reason, known: { after, permissions } }, history, reads.now);
      const { protocol } = permissions;
      const learned = await this.saidAgain(await reads.events(stream), event, { state, after, protocol }, meta, reads);
      const changed = { state, after, known: { protocol }, reason };
      return [{ stream, events }, ...(await this.follow(changed, learned, meta, reads))];
    });
    return { id, ...result };
  }

  /** What the patient's record must say once entries of a consultation changed, in one append with the change. */
  private async follow(
    { state, after, known: { protocol }, reason }: Changed,
    learned: readonly StreamEvents[],
    meta: CommandMeta,
    reads: Reads,
  ): Promise<StreamEvents[]> {
    const stream = patientStream(state.patientId);
    const { state: entries } = await reads.load(stream, patientEntriesFold);
    const events = [
      ...withdrawalsIn(state, after, reads.now),
      ...outcomeIn(state, after, reads.now),
      ...takenBack({ before: state, after, protocol }, entries, reason, reads.now),
      ...learned.flatMap((each) => each.events),
      ...factsOfResults(state, after, protocol, (n) => derivedId(meta.commandId, `result fact ${n}`)),
    ];
    return events.length === 0 ? [] : [{ stream, events }];
  }

  /** What answers say again, since a correction of them was taken back. */
  private async saidAgain(
    all: readonly RecordedEvent[],
    event: Id,
    { state, after, protocol }: { state: HeldConsultation; after: ConsultationState; protocol: ScreeningRules },
    meta: CommandMeta,
    reads: Reads,
  ): Promise<StreamEvents[]> {
    const said = newlySaid(state, after, protocol);
    if (said.size === 0) return [];
    const answered = answersWithout(all, event);
    const learned = (await Promise.all(answered.map((each) => knowledgeIn([each], state, meta, reads)))).flat();
    const facts = learned.flatMap(({ events }) => events as ReturnType<typeof HealthFactRecorded>[]);
    const once = new Map(facts.flatMap((fact) => (isSaid(fact, said) ? [[factKey(fact), fact] as const] : [])));
    const events = [...once.values()].map((fact, n) => {
      // Those of several answers were counted apart.
      const factId = derivedId(meta.commandId, `health fact ${n}`);
      return { ...fact, data: { ...fact.data, factId } };
    });
    return events.length === 0 ? [] : [{ stream: patientStream(state.patientId), events }];
  }

  /** The ids of who and what the entry names. */
  private async idsIn(chain: Chain, data: Corrected): Promise<{ practitionerId: Id; siteId: Id }> {
    const practitioner = 'practitioner' in data ? data.practitioner : undefined;
    const site = 'site' in data ? data.site : undefined;
    return {
      practitionerId: practitioner ? await this.references.resolve(chain, 'practitioner', practitioner) : '',
      siteId: site ? await this.references.resolve(chain, 'site', site) : '',
    };
  }

  /** The entry as it should have been: what it was about stays, and its time where no other is given. */
  private async eventOf(
    data: Corrected,
    { practitionerId, siteId }: { practitionerId: Id; siteId: Id },
    { state, entry }: { state: HeldConsultation; entry: ConsultationEntryNow },
    reads: Reads,
  ): Promise<ConsultationEvent> {
    const { consultationId, patientId } = state;
    const of = { consultationId, patientId };
    const moment = (at: WallTime | undefined, zone: string): Occurred =>
      at === undefined ? entry.occurredAt : occurredAt(wallTimeAt(at, zone, reads.now));
    switch (data.type) {
      case 'ConsultationHeld': {
        const { procedure, notes } = data;
        const [{ timeZone }] = await Promise.all([
          requireSite(reads, siteId),
          requireAnyProtocol(reads, procedure, 'data.procedure'),
        ]);
        return ConsultationHeld(moment(data.at, timeZone), { ...of, siteId, practitionerId, procedure, notes });
      }
      case 'ConsultationNoted':
        return ConsultationNoted(moment(data.at, state.zone), { ...of, practitionerId, notes: data.notes });
      case 'QuestionnaireAnswered': {
        const { answers } = data;
        const answeredCodes = answers.map(({ code }) => code);
        return QuestionnaireAnswered(moment(data.at, state.zone), { ...of, answeredCodes, answers });
      }
      case 'ProductsConsidered': {
        const { products, ingredients } = await this.consultations.productsIn(data, state.siteId, reads);
        const made = ingredients.map((each) => ({ product: each.product, ingredients: [...each.ingredients] }));
        return ProductsConsidered(moment(data.at, state.zone), { ...of, products: [...products], ingredients: made });
      }
      case 'TestRequested':
        return TestRequested(moment(data.at, state.zone), { ...of, test: data.test });
      case 'TestResultRecorded': {
        const { test, on, acceptable, values } = data;
        return TestResultRecorded(onDay(on, state.zone), { ...of, test, on, acceptable, values });
      }
      case 'ContraindicationOverridden': {
        const { code, reason } = data;
        return ContraindicationOverridden(moment(data.at, state.zone), { ...of, code, practitionerId, reason });
      }
      case 'ConsultationConcluded': {
        const { conclusion, reason } = data;
        return ConsultationConcluded(moment(data.at, state.zone), { ...of, practitionerId, conclusion, reason });
      }
      case 'ConsentSigned': {
        const { type: _, ...signed } = data;
        // Who signed, and under which form, stays as it was where it is left out.
        const { formHash, signedBy } = entry.type === 'ConsentSigned' ? entry.data : {};
        const as = withoutUndefined({
          ...signed,
          formHash: signed.formHash ?? formHash,
          signedBy: signed.signedBy ?? signedBy,
        });
        return ConsentSigned(onDay(data.signedOn, state.zone), { ...of, ...as });
      }
      case 'ConsentWithdrawn':
        return ConsentWithdrawn(moment(data.at, state.zone), { ...of, procedure: data.procedure });
      default:
        return assertNever(data, 'corrected entry');
    }
  }
}

/** What the permissions of a consultation are judged by, before and after a change of its entries. */
async function permissionsIn(
  before: HeldConsultation,
  after: ConsultationState,
  reads: Reads,
): Promise<PermissionWorld> {
  const states = after.status === 'none' ? [before] : [before, after];
  const ids = states.flatMap(({ concludedBy, overrides }) => [
    ...(concludedBy === undefined ? [] : [concludedBy]),
    ...overrides.map(({ practitionerId }) => practitionerId),
  ]);
  const [protocol, registrations, { state: site }, practitioners] = await Promise.all([
    requireAnyProtocol(reads, (states.at(-1) ?? before).procedure, 'procedure'),
    loadPerson(reads, before.patientId),
    reads.load(siteStream((states.at(-1) ?? before).siteId), siteFold),
    Promise.all([...new Set(ids)].map(async (id) => [id, await practitionerOf(reads, id)] as const)),
  ]);
  const person = atSite(registrations, site, reads.now);
  const known = new Map(practitioners);
  return {
    protocol,
    hasGuardian: person.patients.some(({ guardian }) => guardian !== null),
    diedOn: endOfPerson(person).diedOn,
    practitionerOf: (id) => known.get(id) ?? { status: 'none' },
    healthOn: (day) => healthOn(person, day),
    healthKnownOn: (day, position) => healthKnownOn(person, before.patientId, day, position),
    isMinorOn: (day) => isMinorOn(person, day),
  };
}
