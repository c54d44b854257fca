import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner, type Reads, type StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { type LocalDate, localDateAt, type WallTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { lotCode } from '../lot/lot-code.js';
import { patientStream } from '../patient/patient.events.js';
import {
  atSite,
  bornOn,
  endOfPerson,
  healthKnownOn,
  healthOn,
  isMinorOn,
  loadPerson,
  withdrawalsOf,
} from '../patient/person.js';
import { practitionerStream } from '../practitioner/practitioner.events.js';
import { practitionerFold, type PractitionerState } from '../practitioner/practitioner.state.js';
import { requireAnyProtocol } from '../protocol/protocol.service.js';
import { siteStream } from '../site/site.events.js';
import { requireSite } from '../site/site.service.js';
import { siteFold } from '../site/site.state.js';
import { wallTimeAt } from '../wall-time.js';
import type {
  AnswerQuestionnaireData,
  ConcludeConsultationData,
  ConsiderProductsData,
  HoldConsultationData,
  NoteConsultationData,
  OverrideContraindicationData,
  RecordTestResultData,
  RequestTestData,
  SignConsentData,
  WithdrawConsentData,
} from './consultation.commands.js';
import type { ConsultationCommand } from './consultation-command.types.js';
import { decideConsultation } from './consultation.decider.js';
import { outcomeIn, withdrawalsIn, withoutOtherConsultations } from './consultation-knowledge.rules.js';
import { healthFactsOf } from './questionnaire.decider.js';
import { ConsultationUnknown } from './consultation.errors.js';
import { type ConsultationEvent, consultationStream } from './consultation.events.js';
import { type ConsideredProducts, consultationFold, type HeldConsultation } from './consultation.state.js';
import { ingredientsOfLots, ProductLots } from './product-lots.query.js';

/** Loads a practitioner for a decision, registered or not. */
export const practitionerOf = async (reads: Reads, practitionerId: Id): Promise<PractitionerState> =>
  (await reads.load(practitionerStream(practitionerId), practitionerFold)).state;

/** The moment that a wall time at the site of a consultation means; undefined where none is given. */
export const momentAt = (
  { zone }: Pick<HeldConsultation, 'zone'>,
  at: WallTime | undefined,
  reads: Reads,
): ZonedTime | undefined => (at === undefined ? undefined : wallTimeAt(at, zone, reads.now));

@Injectable()
export class ConsultationService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
    private readonly codes: ExternalCodes,
    private readonly lots: ProductLots,
  ) {}

  async hold(meta: CommandMeta, data: HoldConsultationData): Promise<CommandAnswer> {
    const { chain } = meta;
    const consultationId = derivedId(meta.commandId, 'consultation');
    const patientId = await this.references.resolve(chain, 'patient', data.patient);
    const siteId = await this.references.resolve(chain, 'site', data.site);
    const practitionerId = await this.references.resolve(chain, 'practitioner', data.practitioner);
    const stream = consultationStream(consultationId);
    const result = await this.runner.run(
      meta,
      async (reads) => {
        const [{ timeZone }, practitioner, person] = await Promise.all([
          requireSite(reads, siteId),
          practitionerOf(reads, practitionerId),
          loadPerson(reads, patientId),
          requireAnyProtocol(reads, data.procedure, 'procedure'),
        ]);
        const { procedure, notes } = data;
        const at = wallTimeAt(data.at, timeZone, reads.now);
        const known = { practitioner, diedOn: endOfPerson(person).diedOn, bornOn: bornOn(person) };
        const events = decideConsultation(
          { type: 'Hold', consultationId, patientId, siteId, practitionerId, procedure, notes, at, known },
          consultationFold.initial,
          reads.now,
        );
        return [{ stream, expectedRevision: 'no-stream', events }];
      },
      { site: siteId },
    );
    return { id: consultationId, ...result };
  }

  async note(meta: CommandMeta, id: Id, data: NoteConsultationData): Promise<CommandAnswer> {
    const practitionerId = await this.references.resolve(meta.chain, 'practitioner', data.practitioner);
    return this.decide(meta, id, async (state, reads) => {
      const known = { practitioner: await practitionerOf(reads, practitionerId) };
      return { type: 'Note', practitionerId, notes: data.notes, at: momentAt(state, data.at, reads), known };
    });
  }

  /** Answers to the protocol's questions; what a yes says about the patient goes into the patient's record with them. */
  async answer(meta: CommandMeta, id: Id, data: AnswerQuestionnaireData): Promise<CommandAnswer> {
    return this.change(meta, id, async (state, reads) => {
      const protocol = await requireAnyProtocol(reads, state.procedure, 'procedure');
      const { answers } = data;
      const at = momentAt(state, data.at, reads);
      const command = { type: 'AnswerQuestionnaire', answers, at, known: { protocol } } as const;
      const events = decideConsultation(command, state, reads.now);
      return [{ stream: consultationStream(id), events }, ...(await knowledgeIn(events, state, meta, reads))];
    });
  }

  async considerProducts(meta: CommandMeta, id: Id, data: ConsiderProductsData): Promise<CommandAnswer> {
    return this.decide(meta, id, async (state, reads) => ({
      type: 'ConsiderProducts',
      at: momentAt(state, data.at, reads),
      ...(await this.productsIn(data, state.siteId, reads)),
    }));
  }

  requestTest(meta: CommandMeta, id: Id, data: RequestTestData): Promise<CommandAnswer> {
    return this.decide(meta, id, (state, reads) => ({
      type: 'RequestTest',
      test: data.test,
      at: momentAt(state, data.at, reads),
    }));
  }

  recordTestResult(meta: CommandMeta, id: Id, data: RecordTestResultData): Promise<CommandAnswer> {
    return this.decide(meta, id, () => ({ type: 'RecordTestResult', ...data }));
  }

  async override(meta: CommandMeta, id: Id, data: OverrideContraindicationData): Promise<CommandAnswer> {
    const { code, practitioner, reason } = data;
    const practitionerId = await this.references.resolve(meta.chain, 'practitioner', practitioner);
    return this.decide(meta, id, async (state, reads) => {
      const at = momentAt(state, data.at, reads);
      const on = localDateAt(at?.instant ?? reads.now, state.zone);
      const known = await clearanceWorld(state, practitionerId, on, reads);
      return { type: 'OverrideContraindication', code, practitionerId, reason, at, known };
    });
  }

  async conclude(meta: CommandMeta, id: Id, data: ConcludeConsultationData): Promise<CommandAnswer> {
    const { practitioner, conclusion, reason } = data;
    const practitionerId = await this.references.resolve(meta.chain, 'practitioner', practitioner);
    return this.change(meta, id, async (state, reads) => {
      const at = momentAt(state, data.at, reads);
      const on = localDateAt(at?.instant ?? reads.now, state.zone);
      const known = await clearanceWorld(state, practitionerId, on, reads);
      const command = { type: 'Conclude', practitionerId, conclusion, reason, at, known } as const;
      const events = decideConsultation(command, state, reads.now);
      const after = { ...state, conclusion, concludedOn: on, concludedAt: at?.instant ?? reads.now };
      const entered = events.length === 0 ? [] : outcomeIn(state, after, reads.now);
      const onPatient = entered.length === 0 ? [] : [{ stream: patientStream(state.patientId), events: entered }];
      return [{ stream: consultationStream(id), events }, ...onPatient];
    });
  }

  signConsent(meta: CommandMeta, id: Id, data: SignConsentData): Promise<CommandAnswer> {
    return this.decide(meta, id, async (state, reads) => {
      // A consent is to a procedure that there is, be it another one than the consultation is about.
      await requireAnyProtocol(reads, data.procedure, 'procedure');
      const person = await loadPerson(reads, state.patientId);
      const { state: site } = await reads.load(siteStream(state.siteId), siteFold);
      const isMinor = isMinorOn(atSite(person, site, reads.now), data.signedOn);
      const hasGuardian = person.patients.some(({ guardian }) => guardian !== null);
      const known = {
        ...{ isMinor, hasGuardian, diedOn: endOfPerson(person).diedOn },
        withdrawals: withdrawalsOf(person),
      };
      return { type: 'SignConsent', ...data, known };
    });
  }

  withdrawConsent(meta: CommandMeta, id: Id, { procedure, at }: WithdrawConsentData): Promise<CommandAnswer> {
    return this.change(meta, id, async (state, reads) => {
      const command = { type: 'WithdrawConsent', procedure, at: momentAt(state, at, reads) } as const;
      const events = decideConsultation(command, state, reads.now);
      const withdrawals = state.withdrawals ?? [];
      const said = events.map(({ occurredAt: { instant } }) => ({
        procedure,
        on: localDateAt(instant, state.zone),
        at: instant,
      }));
      const after = { ...state, withdrawals: [...withdrawals, ...said] };
      await loadPerson(reads, state.patientId);
      const entered = withdrawalsIn(state, after, reads.now);
      const onPatient = entered.length === 0 ? [] : [{ stream: patientStream(state.patientId), events: entered }];
      return [{ stream: consultationStream(id), events }, ...onPatient];
    });
  }

  /**
   * The products that are planned, with what they are made of: as the command says, as the named lot says, else as the
   * latest lots of the product say.
   * @throws NotFound `lot.unknown` for a lot number that was not received at the site
   */
  async productsIn({ products }: ConsiderProductsData, siteId: Id, reads: Reads): Promise<ConsideredProducts> {
    const made = await Promise.all(
      products.map(async ({ product, lotNumber, ingredients = [] }, n) => {
        const lots = await this.lotsOf(reads.chain, siteId, product, lotNumber, `products.${n}.lotNumber`);
        return { product, ingredients: [...new Set([...ingredients, ...(await ingredientsOfLots(reads, lots))])] };
      }),
    );
    return {
      products: [...new Set(products.map(({ product }) => product))],
      ingredients: merged(made.filter(({ ingredients }) => ingredients.length > 0)),
    };
  }

  private async lotsOf(chain: Chain, siteId: Id, product: string, lotNumber: string | undefined, field: string) {
    if (lotNumber === undefined) return this.lots.latest(chain, product);
    const code = lotCode(siteId, product, lotNumber);
    const lot = (await this.codes.find(chain, 'lot', [code])).get(code);
    if (lot) return [lot];
    throw new NotFound('lot.unknown', `Lot ${lotNumber} of ${product} was not received at the site.`, {
      fields: [{ field, message: 'Name a lot that was received at the site of the consultation.' }],
    });
  }

  private decide(
    meta: CommandMeta,
    id: Id,
    commandFor: (state: HeldConsultation, reads: Reads) => ConsultationCommand | Promise<ConsultationCommand>,
  ): Promise<CommandAnswer> {
    return this.change(meta, id, async (state, reads) => {
      const command = await commandFor(state, reads);
      return [{ stream: consultationStream(id), events: decideConsultation(command, state, reads.now) }];
    });
  }

  private async change(
    meta: CommandMeta,
    id: Id,
    decide: (state: HeldConsultation, reads: Reads) => Promise<StreamEvents[]>,
  ): Promise<CommandAnswer> {
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(consultationStream(id), consultationFold);
      if (state.status === 'none') throw new ConsultationUnknown(id);
      return decide(state, reads);
    });
    return { id, ...result };
  }
}

/** What overriding and concluding is judged by. */
async function clearanceWorld(state: HeldConsultation, practitionerId: Id, on: LocalDate, reads: Reads) {
  const [protocol, practitioner, person] = await Promise.all([
    requireAnyProtocol(reads, state.procedure, 'procedure'),
    practitionerOf(reads, practitionerId),
    loadPerson(reads, state.patientId),
  ]);
  const healthKnownAt = (position: number) => healthKnownOn(person, state.patientId, on, position);
  return { protocol, practitioner, health: healthOn(person, on), healthKnownAt };
}

/** What the answers among some events say about the patient beyond the consultation, for the patient's stream. */
export async function knowledgeIn(
  events: readonly ConsultationEvent[],
  { consultationId, patientId, procedure, zone }: HeldConsultation,
  meta: CommandMeta,
  reads: Reads,
): Promise<StreamEvents[]> {
  const answered = events.find((event) => event.type === 'QuestionnaireAnswered');
  if (!answered) return [];
  const protocol = await requireAnyProtocol(reads, procedure, 'procedure');
  const on = localDateAt(answered.occurredAt.instant, zone);
  const person = withoutOtherConsultations(await loadPerson(reads, patientId), consultationId);
  const recorded = healthOn(person, on);
  const factIdAt = (n: number): Id => derivedId(meta.commandId, `health fact ${n}`);
  const facts = healthFactsOf(answered, { protocol, recorded, on, factIdAt });
  return facts.length === 0 ? [] : [{ stream: patientStream(patientId), events: facts }];
}

/** A product that was named twice is one. */
function merged(made: ConsideredProducts['ingredients']): ConsideredProducts['ingredients'] {
  const byProduct = new Map<string, Set<string>>();
  for (const { product, ingredients } of made) {
    byProduct.set(product, new Set([...(byProduct.get(product) ?? []), ...ingredients]));
  }
  return [...byProduct].map(([product, ingredients]) => ({ product, ingredients: [...ingredients] }));
}
