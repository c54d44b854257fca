import type { CommandRunner, Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { type Erased, isErased } from '#libs/event-store/src/personal-data.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { DIRECTORY } from '../directory/directory.projection.js';
import { type People, siteIn, siteRef } from '../directory/people.js';
import { asksForHistory, askedHistory, type HistoryParams, unknownThen } from '../history/history.params.js';
import type { RecordAt } from '../history/record-at.js';
import { healthKnownOn, healthOn, loadPerson, withdrawalsOf } from '../patient/person.js';
import { protocolStream } from '../protocol/protocol.events.js';
import { latestVersion, protocolFold } from '../protocol/protocol.state.js';
import type { ConsultationView } from './consultation.contract.js';
import { ConsultationUnknown } from './consultation.errors.js';
import { consultationStream } from './consultation.events.js';
import {
  foundContraindications,
  missingForClearance,
  overrideThatHolds,
  reviewsOf,
  screeningValidUntil,
} from './consultation.rules.js';
import type { HealthKnownAt } from './override.rules.js';
import { afterWithdrawals } from './consent.rules.js';
import type { Consent, HeldConsultation } from './consultation.state.js';
import { consultationHistoryFold } from './consultation-entry.decider.js';

/** One consultation as it stands. It is read from its events: what somebody has just entered is in it. */
export class ConsultationQuery {
  /** Names alone come from a read model. */
  static readonly reads = [DIRECTORY.name] as const;

  constructor(
    private readonly runner: CommandRunner,
    private readonly chains: Chains,
    private readonly people: People,
    private readonly records: RecordAt,
  ) {}

  /**
   * @param params as of when: `asOf` says what of the consultation had occurred, `knownAt` what was on record, of the
   *   patient's health and the protocol as well
   * @throws ConsultationUnknown; NotFound `consultation.unknown-then`; Invalid `history.known-in-future`
   */
  async detail(chain: Chain, id: Id, params: HistoryParams = {}): Promise<ConsultationView> {
    if (!isId(id)) throw new ConsultationUnknown();
    const present = await this.runner.read(chain, consultationStream(id), consultationHistoryFold);
    const { state: held } = present.state;
    if (held.status === 'none') throw new ConsultationUnknown(id);
    const asked = askedHistory(params, held.zone, await this.chains.now(chain));
    const records = this.records.forAnswer();
    const { now, knownAt } = asked;
    const read: Reads['load'] = asksForHistory(params)
      ? (stream, fold) => records.fold(chain, stream, fold, { knownAt })
      : (stream, fold) => this.runner.read(chain, stream, fold);
    const { state: history, revision } = asksForHistory(params)
      ? await records.fold(chain, consultationStream(id), consultationHistoryFold, asked)
      : present;
    const { state, entries } = history;
    if (state.status === 'none') throw unknownThen('consultation.unknown-then', 'consultation', params);
    const [protocols, person] = await Promise.all([
      read(protocolStream(chain.id, state.procedure), protocolFold),
      loadPerson({ load: read }, state.patientId),
    ]);
    // A protocol that is retired still tells what was asked under it.
    const protocol = latestVersion(protocols.state) ?? protocols.state.versions.at(-1);
    const isOver = state.conclusion !== undefined && state.conclusion.outcome !== 'deferred';
    const on = (isOver ? state.concludedOn : undefined) ?? localDateAt(now, state.zone);
    const health = healthOn(person, on);
    const healthKnownAt = (position: number) => healthKnownOn(person, state.patientId, on, position);
    return {
      id,
      ...(await this.named(chain, state)),
      ...recorded(state, afterWithdrawals(state.consents, withdrawalsOf(person))),
      ...judged(state, protocol, { health, healthKnownAt }, await this.practitioners(chain, state)),
      missing: protocol && !isOver ? missingForClearance(state, { protocol, health, healthKnownAt }).map(mutable) : [],
      entries: entries.map(({ header, type, occurredAt, recordedAt, correctness }) => ({
        event: header.id,
        type,
        occurredAt: occurredAt.instant,
        recordedAt,
        correctedBy: correctness?.correctedBy.map(({ eventId }) => eventId) ?? [],
      })),
      revision,
    };
  }

  private async named(chain: Chain, { patientId, siteId, practitionerId }: HeldConsultation) {
    const [patient, practitioner, sites] = await Promise.all([
      this.people.patients(chain, [patientId]),
      this.people.practitioners(chain, [practitionerId]),
      this.people.sites(chain),
    ]);
    return {
      patient: patient(patientId),
      practitioner: practitioner(practitionerId),
      site: siteRef(siteIn(sites, siteId)),
    };
  }

  private practitioners(chain: Chain, { overrides, concludedBy }: HeldConsultation) {
    const ids = overrides.map(({ practitionerId }) => practitionerId);
    return this.people.practitioners(chain, concludedBy === undefined ? ids : [...ids, concludedBy]);
  }
}

const opened = <T>(value: T | Erased): T | null => (isErased(value) ? null : value);

/** The fields of an answer are its own. */
const mutable = <T extends { readonly facts?: readonly string[] }>({ facts, ...field }: T) => ({
  ...field,
  ...(facts === undefined ? {} : { facts: [...facts] }),
});

const listed = (names: readonly string[] | undefined): string[] | null => (names ? [...names] : null);

function recorded(state: HeldConsultation, consents: readonly Consent[]) {
  const { procedure, heldOn, conclusion, considered } = state;
  const known = new Map(considered?.ingredients.map(({ product, ingredients }) => [product, ingredients]));
  return {
    procedure,
    heldOn,
    status: conclusion?.outcome ?? ('open' as const),
    notes: opened(state.notes),
    products: considered?.products.map((product) => ({ product, ingredients: listed(known.get(product)) })) ?? null,
    consents: consents.map((consent) => ({
      procedure: consent.procedure,
      signedOn: consent.signedOn,
      validUntil: consent.validUntil,
      formHash: consent.formHash ?? null,
      formId: consent.formId ?? null,
      formVersion: consent.formVersion ?? null,
      guardianSigned: consent.guardianSigned ?? false,
      withdrawnOn: consent.withdrawnOn ?? null,
    })),
  };
}

/** What the health record says, and said when something was overridden. */
interface Known {
  readonly health: HealthAnswers | 'erased';
  readonly healthKnownAt: HealthKnownAt;
}

type PersonOf = Awaited<ReturnType<People['practitioners']>>;

/** What the protocol makes of it; of a protocol that is not there nothing is known. */
function judged(state: HeldConsultation, protocol: Protocol | undefined, known: Known, personOf: PersonOf) {
  const { conclusion, concludedOn, concludedBy, conclusionReason } = state;
  const isConcluded = conclusion !== undefined && concludedOn !== undefined && concludedBy !== undefined;
  return {
    questionnaire: questionsOf(state, protocol),
    tests: testsOf(state, protocol),
    ...findingsOf(state, protocol, known, personOf),
    conclusion: isConcluded
      ? {
          conclusion,
          on: concludedOn,
          practitioner: personOf(concludedBy),
          reason: opened(conclusionReason ?? ''),
          validUntil: (protocol && screeningValidUntil(state, protocol)) ?? null,
        }
      : null,
  };
}

function questionsOf({ answers }: HeldConsultation, protocol: Protocol | undefined): ConsultationView['questionnaire'] {
  const given = new Map((isErased(answers) ? [] : answers).map((answer) => [answer.code, answer]));
  const questions = protocol?.screening.contraindications ?? [];
  return questions.map(({ code, asks, blocking, facts }) => {
    const answer = given.get(code);
    if (!answer) return { code, asks, blocking, facts, answer: null };
    const { code: _, ...said } = answer;
    return { code, asks, blocking, facts, answer: said };
  });
}

function testsOf(state: HeldConsultation, protocol: Protocol | undefined): ConsultationView['tests'] {
  const required = protocol?.testsFirst.map(({ code }) => code) ?? [];
  const known = [...required, ...state.testsPending, ...state.testResults.map(({ test }) => test)];
  return [...new Set(known)].map((test) => ({
    test,
    required: required.includes(test),
    pending: state.testsPending.includes(test),
    results: state.testResults
      .filter((result) => result.test === test)
      .map(({ on, acceptable, values }) => ({ on, acceptable, values: isErased(values) ? null : [...values] })),
  }));
}

function findingsOf(
  state: HeldConsultation,
  protocol: Protocol | undefined,
  { health, healthKnownAt }: Known,
  personOf: PersonOf,
): Pick<ConsultationView, 'contraindications' | 'reviews'> {
  if (!protocol || health === 'erased' || isErased(state.answers)) return { contraindications: null, reviews: null };
  const overrideOf = (code: string) => {
    const override = overrideThatHolds(code, state, protocol, health, healthKnownAt);
    if (!override) return null;
    return { practitioner: personOf(override.practitionerId), on: override.on, reason: opened(override.reason) };
  };
  const contraindications = foundContraindications(state, protocol, health).map((found) => {
    const { code, facts, source, overridable } = found;
    return { code, facts: [...facts], source, overridable, override: overrideOf(code) };
  });
  const reviews = reviewsOf(state, protocol, health).map(({ code, facts }) => ({
    code,
    facts: [...facts],
    override: overrideOf(code),
  }));
  return { contraindications, reviews };
}
