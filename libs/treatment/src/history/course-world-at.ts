import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { HistoryAt } from '#libs/event-store/src/correction.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { consultationStream } from '../consultation/consultation.events.js';
import {
  allergiesOf,
  answersAt,
  evolveConsents,
  NO_CONSENTS,
  evolveHealth,
  isConsentEvent,
  type HealthRecord,
  isHealthEvent,
  unitedAnswers,
  type SaidOfHealth,
} from '../course/course-progress/course-facts.js';
import type { CourseWorld, SignedConsent } from '../course/course-progress/course-progress.rules.js';
import type { PerformedSession, PlannedCourse } from '../course/course.state.js';
import { DIRECTORY } from '../directory/directory.projection.js';
import { lotStream } from '../lot/lot.events.js';
import { lotCode } from '../lot/lot-code.js';
import { lotFold, type LotState } from '../lot/lot.state.js';
import { patientStream } from '../patient/patient.events.js';
import { practitionerStream } from '../practitioner/practitioner.events.js';
import { practitionerFold, type PractitionerState } from '../practitioner/practitioner.state.js';
import { protocolStream } from '../protocol/protocol.events.js';
import { protocolFold, versionOf } from '../protocol/protocol.state.js';
import { historyAt } from './entry-history.js';
import type { RecordAt } from './record-at.js';

/** Lots whose streams are read at the same time; a product may have been received hundreds of times. */
const LOTS_AT_ONCE = 100;

type Lot = Extract<LotState, { status: 'received' }> & { readonly receivedPosition: number };

/**
 * What a course is judged by, from the log as it was known at a time. Lots, credentials, consents and answers about
 * health say themselves from when to when they hold, and the rules ask them by the day of each session: so of these only
 * what was not known yet is left out, not what was entered late.
 */
export class CourseWorldAt {
  constructor(
    private readonly db: Database,
    private readonly codes: ExternalCodes,
    private readonly records: RecordAt,
  ) {}

  /** For one answer: what several courses are judged by is read once. */
  reading(records: RecordAt): CourseWorldAt {
    return new CourseWorldAt(this.db, this.codes, records);
  }

  async of(chain: Chain, course: PlannedCourse, { knownAt }: Pick<HistoryAt, 'knownAt'>): Promise<CourseWorld> {
    const at = { knownAt };
    const sessions = course.sessions.filter((session): session is PerformedSession => session.status === 'performed');
    const [protocol, consents, practitioners, health] = await Promise.all([
      this.protocolOf(chain, course, at),
      this.consentsOf(chain, [...(course.formerConsultationIds ?? []), course.consultationId], at),
      this.practitionersOf(chain, sessions, at),
      this.healthOf(chain, course.patientId, at),
    ]);
    const isAllergic = health.some((records) => records.some((record) => allergiesOf(record).length > 0));
    const lots = await this.lotsOf(chain, sessions, isAllergic, at);
    return {
      protocol,
      consents,
      credentialsOf: (practitionerId) => {
        const practitioner = practitioners.get(practitionerId);
        return practitioner?.status === 'registered' ? practitioner.credentials : [];
      },
      // The first receipt of a lot at a site stands.
      lotAt: (siteId, product, lotNumber) =>
        lots.find((lot) => lot.siteId === siteId && lot.product === product && lot.lotNumber === lotNumber),
      ingredientsOf: (product) => [
        ...new Set(lots.filter((lot) => lot.product === product).flatMap(({ ingredients }) => ingredients)),
      ],
      healthAt: (instant, knownThen) => unitedAnswers(health.map((records) => answersAt(records, instant, knownThen))),
    };
  }

  /** Every consent of consultations, as it was known. */
  async consentsOf(chain: Chain, consultationIds: readonly Id[], at: HistoryAt): Promise<readonly SignedConsent[]> {
    const all = await Promise.all(consultationIds.map((id) => this.records.events(chain, consultationStream(id))));
    return all.flatMap((events) => [
      ...historyAt(events, at).filter(isConsentEvent).reduce(evolveConsents, NO_CONSENTS).consents,
    ]);
  }

  private async protocolOf(chain: Chain, { protocol }: PlannedCourse, at: HistoryAt): Promise<Protocol | undefined> {
    const { state } = await this.records.fold(chain, protocolStream(chain.id, protocol.code), protocolFold, at);
    return versionOf(state, protocol.version);
  }

  private async practitionersOf(
    chain: Chain,
    sessions: readonly PerformedSession[],
    at: HistoryAt,
  ): Promise<ReadonlyMap<Id, PractitionerState>> {
    const ids = [...new Set(sessions.map(({ practitionerId }) => practitionerId))];
    const states = await Promise.all(
      ids.map((id) => this.records.fold(chain, practitionerStream(id), practitionerFold, at)),
    );
    return new Map(ids.map((id, n) => [id, (states[n] as { state: PractitionerState }).state]));
  }

  /** Of each registration of the person, as they were linked by then. */
  private async healthOf(
    chain: Chain,
    patientId: Id,
    at: HistoryAt,
  ): Promise<readonly (readonly HealthRecord<SaidOfHealth>[])[]> {
    const ids = await this.records.registrations(chain, patientId, at);
    const all = await Promise.all(ids.map((id) => this.records.events(chain, patientStream(id))));
    return all.map((events) =>
      historyAt(events, at)
        .filter(isHealthEvent)
        .reduce<readonly HealthRecord<SaidOfHealth>[]>(
          (records, event) => evolveHealth(records, event, event.data as SaidOfHealth),
          [],
        ),
    );
  }

  /** Receipts of what the sessions used; where an allergy makes the ingredients matter, every receipt of the products. */
  private async lotsOf(
    chain: Chain,
    sessions: readonly PerformedSession[],
    withIngredients: boolean,
    at: HistoryAt,
  ): Promise<Lot[]> {
    const used = sessions.flatMap(({ siteId, products }) => products.map((each) => ({ siteId, ...each })));
    if (used.length === 0) return [];
    const { rows } = await this.db.query<{ id: Id }>(
      `select id from "${schemaOf(DIRECTORY)}".lot
       where chain = $1 and product = any($2::text[]) and ($4 or lot_number = any($3::text[]))`,
      [chain.no, used.map(({ product }) => product), used.map(({ lotNumber }) => lotNumber), withIngredients],
    );
    // A receipt that was corrected since is found under the number that it was entered with.
    const coded = await this.codes.find(
      chain,
      'lot',
      used.map(({ siteId, product, lotNumber }) => lotCode(siteId, product, lotNumber)),
    );
    const ids = [...new Set([...rows.map(({ id }) => id), ...coded.values()])];
    const lots: Lot[] = [];
    for (let from = 0; from < ids.length; from += LOTS_AT_ONCE) {
      const some = ids.slice(from, from + LOTS_AT_ONCE);
      lots.push(...(await Promise.all(some.map((id) => this.lotOf(chain, id, at)))).flat());
    }
    return lots.sort((a, b) => a.receivedPosition - b.receivedPosition);
  }

  private async lotOf(chain: Chain, id: Id, at: HistoryAt): Promise<Lot[]> {
    const events = historyAt(await this.records.events(chain, lotStream(id)), at) as readonly RecordedEvent[];
    const state = (events as Parameters<typeof lotFold.evolve>[1][]).reduce(lotFold.evolve, lotFold.initial);
    const received = events.find(({ type }) => type === 'LotReceived');
    return state.status === 'received' && received ? [{ ...state, receivedPosition: received.position }] : [];
  }
}

/** Consents as they stood on a day: what was signed later is not there, what was withdrawn later still holds. */
export const consentsThen = (
  consents: readonly SignedConsent[],
  asOf: { readonly instant: string; readonly day: LocalDate } | undefined,
): readonly SignedConsent[] =>
  asOf === undefined
    ? consents
    : consents
        .filter(({ signedOn }) => signedOn <= asOf.day)
        .map((consent) =>
          consent.withdrawnAt !== null && consent.withdrawnAt > asOf.instant
            ? { ...consent, withdrawnAt: null }
            : consent,
        );
