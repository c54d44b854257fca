import type { Fold } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { changesHistory, type HistoryAt } from '#libs/event-store/src/correction.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import { procedureOf, type Protocol } from '#libs/protocols/src/protocol.schema.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { consultationStream } from '../consultation/consultation.events.js';
import {
  allergiesOf,
  clearedIn,
  evolveClearance,
  evolveConsents,
  NO_CONSENTS,
  evolveHealth,
  isConcluded,
  isConsentEvent,
  type HealthRecord,
  isHealthEvent,
  type HealthOfRegistration,
  personsAnswersAt,
  type RegistrationLink,
  type SaidOfHealth,
} from '../course/course-progress/course-facts.js';
import type { Clearance, CourseWorld, SignedConsent } from '../course/course-progress/course-progress.rules.js';
import { othersIn } from '../course/course-progress/course-lots.js';
import { COURSE_PROGRESS } from '../course/course-progress/course-progress.projection.js';
import { courseStream } from '../course/course.events.js';
import { courseFold, type PerformedSession, performedSessions, type PlannedCourse } from '../course/course.state.js';
import type { OtherCourse } from '../course/session-finding.js';
import { afterWithdrawals } from '../consultation/consent.rules.js';
import { patientFold } from '../patient/patient.state.js';
import { usesOf } from '../course/session-lots.rules.js';
import { DIRECTORY } from '../directory/directory.projection.js';
import { lotStream } from '../lot/lot.events.js';
import { lotCode } from '../lot/lot-code.js';
import { lotFold, type LotState, totalMl, volumeLeft } from '../lot/lot.state.js';
import { lotUseStream } from '../lot/lot-use.events.js';
import { type PatientEvent, patientStream } from '../patient/patient.events.js';
import { practitionerStream } from '../practitioner/practitioner.events.js';
import { practitionerFold, type PractitionerState } from '../practitioner/practitioner.state.js';
import { recallsOfNumber } from '../recall/recall-of-lot.js';
import { noticeOn, type RecallState } from '../recall/recall.state.js';
import { recallOfLot } from '../recall/recalled-lot.rules.js';
import { protocolStream } from '../protocol/protocol.events.js';
import { protocolFold, versionOf } from '../protocol/protocol.state.js';
import { historyAt } from './entry-history.js';
import { foldAt, type RecordAt } from './record-at.js';

/** Lots whose streams are read at the same time; a product may have been received hundreds of times. */
const LOTS_AT_ONCE = 100;

type Lot = Extract<LotState, { status: 'received' }> & {
  readonly receivedPosition: number;
  readonly recordedAt: Instant;
};

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

  async of(chain: Chain, course: PlannedCourse, asked: HistoryAt): Promise<CourseWorld> {
    const at = { knownAt: asked.knownAt };
    const consulted = [...(course.formerConsultationIds ?? []), course.consultationId];
    const sessions = course.sessions.filter((session): session is PerformedSession => session.status === 'performed');
    const [protocol, consents, clearances, practitioners, health, others] = await Promise.all([
      this.protocolOf(chain, course, at),
      this.consentsOf(chain, consulted, course.patientId, at),
      this.clearancesOf(chain, consulted, at),
      this.practitionersOf(chain, sessions, at),
      this.healthOf(chain, course.patientId, at),
      this.othersOf(chain, course, asked),
    ]);
    const isAllergic = health.some(({ records }) => records.some((record) => allergiesOf(record).length > 0));
    const lots = await this.lotsOf(chain, sessions, isAllergic, at);
    // The first receipt of a lot at a site stands.
    const lotAt = (siteId: Id, product: string, lotNumber: string) =>
      lots.find((lot) => lot.siteId === siteId && lot.product === product && lot.lotNumber === lotNumber);
    const [recalls, overdrawn] = await Promise.all([
      this.recallsOf(chain, sessions, at),
      this.overdrawnOf(chain, course, sessions, lotAt, at),
    ]);
    const noticeFor = (siteId: Id, product: string, lotNumber: string, on: LocalDate) => {
      const gtin = lotAt(siteId, product, lotNumber)?.gtin ?? null;
      return recalls.length > 0 ? noticeOn(recallOfLot(recalls, { product, lotNumber, gtin }), on) : undefined;
    };
    return {
      protocol,
      consents,
      clearances,
      otherSessions: sessionsOf(others, protocol ? procedureOf(protocol) : course.protocol.code),
      credentialsOf: (practitionerId) => {
        const practitioner = practitioners.get(practitionerId);
        return practitioner?.status === 'registered' ? practitioner.credentials : [];
      },
      roleOf: (practitionerId) => {
        const practitioner = practitioners.get(practitionerId);
        return practitioner?.status === 'registered' ? practitioner.role : undefined;
      },
      isRecalledOn: (...used) => noticeFor(...used) !== undefined,
      recallEnteredAt: (...used) => noticeFor(...used)?.recordedAt,
      isOverdrawn: (sessionId) => overdrawn.has(sessionId),
      lotAt,
      ingredientsOf: (product) => [
        ...new Set(lots.filter((lot) => lot.product === product).flatMap(({ ingredients }) => ingredients)),
      ],
      healthAt: (instant, knownThen) => personsAnswersAt(health, course.patientId, instant, knownThen),
    };
  }

  /** Every consent of consultations, as it was known, and as what the person withdrew in others leaves it. */
  private async consentsOf(
    chain: Chain,
    consultationIds: readonly Id[],
    patientId: Id,
    at: HistoryAt,
  ): Promise<readonly SignedConsent[]> {
    const all = await Promise.all(consultationIds.map((id) => this.records.events(chain, consultationStream(id))));
    const registrations = await this.records.registrations(chain, patientId, at);
    const patients = await Promise.all(
      registrations.map(async (id) => (await this.records.fold(chain, patientStream(id), patientFold, at)).state),
    );
    const consents = all.flatMap((events) => [
      ...historyAt(events, at).filter(isConsentEvent).reduce(evolveConsents, NO_CONSENTS).consents,
    ]);
    const withdrawals = patients.flatMap((each) => (each.status === 'none' ? [] : each.consentWithdrawals));
    return afterWithdrawals(consents, withdrawals);
  }

  /** The clearances of consultations, and when each was lost, as far as that was known. */
  private async clearancesOf(
    chain: Chain,
    consultationIds: readonly Id[],
    { knownAt }: HistoryAt,
  ): Promise<readonly Clearance[]> {
    const all = await Promise.all(consultationIds.map((id) => this.records.events(chain, consultationStream(id))));
    return all.flatMap((events) => {
      const known = events.filter(({ recordedAt }) => knownAt === undefined || recordedAt <= knownAt);
      // Each event changes it as it did when it came, which what the stream says now does not tell.
      const clearance = known.reduce<Clearance | null>((before, event, n) => {
        if (!isConcluded(event) && !changesHistory(event.type)) return before;
        // A conclusion alone says nothing of the procedure, which a correction alone can change.
        const history = changesHistory(event.type) ? historyAt(known.slice(0, n + 1), {}) : [event];
        return evolveClearance(before, clearedIn(history), event.recordedAt);
      }, null);
      return clearance ? [clearance] : [];
    });
  }

  /** The person's other courses, as they were linked and known by then, each with the procedure of its protocol. */
  private async othersOf(chain: Chain, course: PlannedCourse, asked: HistoryAt): Promise<OtherCourse[]> {
    const registrations = await this.records.registrations(chain, course.patientId, asked);
    const { rows } = await this.db.query<{ id: Id }>(
      `select id from "${schemaOf(COURSE_PROGRESS)}".course where chain = $1 and patient_id = any($2::uuid[]) and id <> $3`,
      [chain.no, registrations, course.courseId],
    );
    const others = await Promise.all(
      rows.map(async ({ id }) => (await this.records.fold(chain, courseStream(id), courseFold, asked)).state),
    );
    return Promise.all(
      others
        .filter((state): state is PlannedCourse => state.status !== 'none')
        .map(async (state) => {
          const protocol = await this.protocolOf(chain, state, { knownAt: asked.knownAt });
          return { ...state, procedure: protocol ? procedureOf(protocol) : state.protocol.code };
        }),
    );
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
    const ids = [...new Set(sessions.flatMap((session) => [session.practitionerId, ...othersIn(session)]))];
    const states = await Promise.all(
      ids.map((id) => this.records.fold(chain, practitionerStream(id), practitionerFold, at)),
    );
    return new Map(ids.map((id, n) => [id, (states[n] as { state: PractitionerState }).state]));
  }

  /** Of each registration of the person, as they were linked by then. */
  private async healthOf(chain: Chain, patientId: Id, at: HistoryAt): Promise<readonly HealthOfRegistration[]> {
    const ids = await this.records.registrations(chain, patientId, at);
    return Promise.all(
      ids.map(async (id) => {
        const history = historyAt(await this.records.events(chain, patientStream(id)), at);
        const records = history
          .filter(isHealthEvent)
          .reduce<readonly HealthRecord<SaidOfHealth>[]>(
            (known, event) => evolveHealth(known, event, event.data as SaidOfHealth),
            [],
          );
        return { patientId: id, records, links: linksIn(history) };
      }),
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

  /** Every recall of the lot numbers that sessions used, as it was known. */
  private async recallsOf(
    chain: Chain,
    sessions: readonly PerformedSession[],
    at: HistoryAt,
  ): Promise<readonly RecallState[]> {
    const load = <State, E extends NewEvent>(stream: StreamName, fold: Fold<State, E>) =>
      this.records.fold(chain, stream, fold, at);
    const lots = distinct(sessions.flatMap(({ products }) => products));
    const found = await Promise.all(lots.map((lot) => recallsOfNumber({ load }, chain.id, lot)));
    return found.flatMap(({ recalls }) => recalls);
  }

  /**
   * The sessions of a course that used more of a lot than those entered before them had left, of what was entered by then.
   * Only for lots that somebody counted: for these every course that used of them is read.
   */
  private async overdrawnOf(
    chain: Chain,
    course: PlannedCourse,
    sessions: readonly PerformedSession[],
    lotAt: (siteId: Id, product: string, lotNumber: string) => Lot | undefined,
    at: HistoryAt,
  ): Promise<ReadonlySet<Id>> {
    const used = sessions.flatMap(({ siteId, products }) =>
      products.flatMap(({ product, lotNumber }) => lotAt(siteId, product, lotNumber) ?? []),
    );
    const overdrawn = new Set<Id>();
    for (const lot of new Set(used)) {
      if (lot.volumeMl === null) continue;
      const others = (await this.coursesWith(chain, lot)).filter((id) => id !== course.courseId);
      const all: PlannedCourse[] = [course];
      for (let from = 0; from < others.length; from += LOTS_AT_ONCE) {
        const some = others.slice(from, from + LOTS_AT_ONCE);
        const states = await Promise.all(
          some.map(async (id) => foldAt(await this.records.sealedEvents(chain, courseStream(id)), courseFold, at)),
        );
        all.push(...states.flatMap(({ state }) => (state.status === 'none' ? [] : [state])));
      }
      for (const id of overdrawnIn(lot, all)) overdrawn.add(id);
    }
    return overdrawn;
  }

  /** The courses that used a lot at its site, and those that an entry said so of which was corrected since. */
  private async coursesWith(chain: Chain, { lotId, siteId, product, lotNumber }: Lot): Promise<Id[]> {
    const [{ rows }, uses] = await Promise.all([
      this.db.query<{ id: Id }>(
        `select distinct course_id as id from "${schemaOf(COURSE_PROGRESS)}".session_use
         where chain = $1 and product = $2 and lot_number = $3 and site_id = $4`,
        [chain.no, product, lotNumber, siteId],
      ),
      this.records.events(chain, lotUseStream(lotId)),
    ]);
    const said = uses.map(({ data }) => (data as { courseId: Id }).courseId);
    return [...new Set([...rows.map(({ id }) => id), ...said])];
  }

  private async lotOf(chain: Chain, id: Id, at: HistoryAt): Promise<Lot[]> {
    const events = historyAt(await this.records.events(chain, lotStream(id)), at);
    const state = (events as unknown as Parameters<typeof lotFold.evolve>[1][]).reduce(lotFold.evolve, lotFold.initial);
    const received = events.find(({ type }) => type === 'LotReceived');
    if (state.status !== 'received' || !received) return [];
    const recordedAt = received.correctness?.correctedBy.at(-1)?.recordedAt ?? received.recordedAt;
    return [{ ...state, receivedPosition: received.position, recordedAt }];
  }
}

/** The links of a registration that stand, and when each was recorded. */
function linksIn(history: readonly RecordedEvent[]): RegistrationLink[] {
  const events = history as readonly RecordedEvent<PatientEvent>[];
  const undone = new Set(events.flatMap(({ type, data }) => (type === 'PatientUnlinked' ? [data.linkId] : [])));
  return events.flatMap(({ type, data, recordedAt }) =>
    type === 'PatientLinked' && !undone.has(data.linkId) ? [{ otherPatientId: data.otherPatientId, recordedAt }] : [],
  );
}

/** Lots by their names, each once. */
const distinct = <Named extends { readonly product: string; readonly lotNumber: string }>(
  lots: readonly Named[],
): Named[] => [...new Map(lots.map((lot) => [`${lot.product}\0${lot.lotNumber}`, lot])).values()];

/** The sessions, in the order of their entering, with which more of a lot was used than there was. */
function overdrawnIn(lot: Lot, courses: readonly PlannedCourse[]): Id[] {
  const uses = courses
    .flatMap(({ sessions }) => sessions)
    .flatMap((session) =>
      session.status === 'performed'
        ? usesOf(session).flatMap((use) =>
            use.siteId === lot.siteId && use.product === lot.product && use.lotNumber === lot.lotNumber
              ? [{ session, volumeMl: use.volumeMl }]
              : [],
          )
        : [],
    )
    .sort((a, b) => (enteredKey(a.session) < enteredKey(b.session) ? -1 : 1));
  let usedMl = 0;
  return uses.flatMap(({ session, volumeMl }) => {
    usedMl = totalMl([usedMl, volumeMl]);
    const left = volumeLeft(lot, usedMl);
    return left !== null && left < 0 ? [session.sessionId] : [];
  });
}

const enteredKey = ({ recordedAt, sessionId }: PerformedSession): string => `${recordedAt} ${sessionId}`;

const sessionsOf = (courses: readonly OtherCourse[], wanted: string): PerformedSession[] =>
  courses.filter(({ procedure }) => procedure === wanted).flatMap((course) => performedSessions(course, 'course'));

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
