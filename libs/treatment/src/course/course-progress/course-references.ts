import { uuidArray } from '#libs/database/src/binary-array.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Boxes, SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import { ERASED, type Erased } from '#libs/event-store/src/personal-data.js';
import { foldCase } from '#libs/kernel/src/case-fold.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Read, readTogether, type RowsOf, writeTogether } from '#libs/projections/src/combined.statement.js';
import type { ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import type { ConsultationEntry } from '../../consultation/consultation.events.js';
import { KeyedStates } from '../../keyed-states.js';
import {
  PRACTITIONER_EVENTS,
  type PractitionerEntry,
  type PractitionerEvent,
} from '../../practitioner/practitioner.events.js';
import { practitionerFold, type PractitionerState } from '../../practitioner/practitioner.state.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import type { PerformedSession, PlannedCourse } from '../course.state.js';
import { CourseLots, LOT_DDL, type LotPlace, othersIn } from './course-lots.js';
import {
  ABOUT_CONSENTS,
  ABOUT_HEALTH,
  allergiesOf,
  clearedIn,
  type ConsentFacts,
  evolveClearance,
  evolveConsents,
  evolveHealth,
  type HealthOfRegistration,
  type HealthRecord,
  isConcluded,
  isConsentEvent,
  isHealthEvent,
  NO_CONSENTS,
  type SaidOfHealth,
  personsAnswersAt,
  type RegistrationLink,
} from './course-facts.js';
import type { CourseWorld } from './course-progress.rules.js';
import { type PersonsWithdrawal, withdrawalsAfter } from '../../patient/patient.state.js';
import { afterWithdrawals } from '../../consultation/consent.rules.js';
import { procedureOf } from '#libs/protocols/src/protocol.schema.js';

/** What is known of a patient's health, closed. */
type ClosedHealth = HealthRecord<SealedBox>;

export const REFERENCES_DDL = `
  ${LOT_DDL}
  ${KeyedStates.ddl('consultation')}
  ${KeyedStates.ddl('practitioner')}
  ${KeyedStates.ddl('patient')}
  ${KeyedStates.ddl('withdrawal')}
  -- Registrations of one person; each link stands on both.
  create table patient_link (
    chain integer not null, patient_id uuid not null, other_id uuid not null, link_id uuid not null,
    -- When it was recorded that the two are one person.
    recorded_at text not null,
    primary key (chain, patient_id, link_id)
  );
`;

/** Whose their rows are. */
export const REFERENCES_ROWS = {
  lot: 'staff',
  recall: 'withheld',
  product_ingredient: 'staff',
  // Consents and clearances by the id of the consultation, which the course says.
  consultation: 'unnamed',
  practitioner: 'staff',
  patient: { patient: 'id' },
  withdrawal: { patient: 'id' },
  // By these the others are told who is one person.
  patient_link: 'unnamed',
} as const;

/** Ids with those of all registrations that are the same person, which are none for most. */
const PERSONS = `
  recursive person(root, id) as (
    select i, i from unnest($2::uuid[]) as i
    union
    select p.root, l.other_id from person p join patient_link l on l.chain = $1 and l.patient_id = p.id
  )`;

/** What pages say about others than courses, until it is written. */
export interface UnsavedFacts {
  readonly consultations: Map<Id, ConsentFacts>;
  readonly practitioners: Map<Id, PractitionerState>;
  readonly patients: Map<Id, readonly ClosedHealth[]>;
  /** What patients withdrew, by patient. */
  readonly withdrawals: Map<Id, readonly PersonsWithdrawal[]>;
  /** Patients who were linked with another registration of theirs, or are no longer, or of whom a consultation was said anew. */
  readonly relinked: Set<Id>;
  /** Practitioners who got a credential. */
  readonly granted: Set<Id>;
  /** Practitioners who lost one, or whose credentials turned out to be others. */
  readonly recredentialed: Set<Id>;
  /** Courses that must be judged anew. */
  readonly touched: Set<Id>;
  /** Lots of which there is more or less than there was. */
  readonly recount: LotPlace[];
  /** Streams that began in these pages. */
  readonly fresh: Set<StreamName>;
}

const PRACTITIONER_TYPES: ReadonlySet<string> = new Set(PRACTITIONER_EVENTS.map(({ type }) => type));

type Page = readonly SealedEvent<TreatmentEvent>[];

const isAboutConsents = (event: SealedEvent<TreatmentEvent>): event is SealedEvent<ConsultationEntry> =>
  ABOUT_CONSENTS.has(event.type);
const isPractitionerEvent = (event: SealedEvent<TreatmentEvent>): event is SealedEvent<PractitionerEntry> =>
  PRACTITIONER_TYPES.has(event.type);

/**
 * What courses are judged by beside their own events: lots, credentials, consents and the patients' health. A fact that
 * comes after the sessions it touches names the courses that must be judged anew.
 */
export class CourseReferences {
  private readonly lots = new CourseLots();
  private readonly consultations = new KeyedStates<ConsentFacts>('consultation', NO_CONSENTS);
  private readonly practitioners = new KeyedStates<PractitionerState>('practitioner', practitionerFold.initial);
  private readonly patients = new KeyedStates<readonly ClosedHealth[]>('patient', []);
  private readonly withdrawals = new KeyedStates<readonly PersonsWithdrawal[]>('withdrawal', []);

  /** Facts of pages that are not written yet. */
  unsaved(): UnsavedFacts {
    return {
      consultations: new Map(),
      practitioners: new Map(),
      patients: new Map(),
      withdrawals: new Map(),
      relinked: new Set(),
      granted: new Set(),
      recredentialed: new Set(),
      touched: new Set(),
      recount: [],
      fresh: new Set(),
    };
  }

  /** Adds the facts of a page to those that are not written yet; lots, which are few and looked up, are written at once. */
  async record({ tx, chain, boxes }: ProjectionContext, page: Page, facts: UnsavedFacts): Promise<void> {
    for (const { stream, revision } of page) if (revision === 0) facts.fresh.add(stream);
    const { fresh, touched } = facts;
    await this.consultations.fold(
      tx,
      chain,
      page.filter(isAboutConsents),
      ({ data }) => data.consultationId,
      consentsAfter,
      { unsaved: facts.consultations, fresh },
    );
    // A course may have rested on it before the one that its row names.
    for (const { data, history } of page.filter(isAboutConsents)) if (history) facts.relinked.add(data.patientId);
    const credentials = page.filter(isPractitionerEvent);
    const practitioners = { unsaved: facts.practitioners, fresh };
    await this.practitioners.fold(
      tx,
      chain,
      credentials,
      ({ data }) => data.practitionerId,
      practitionerAfter,
      practitioners,
    );
    for (const { type, data } of credentials) {
      if (type === 'CredentialGranted') facts.granted.add(data.practitionerId);
      else if (type !== 'PractitionerRegistered') facts.recredentialed.add(data.practitionerId);
    }
    await this.patients.fold(
      tx,
      chain,
      page.filter(({ type }) => ABOUT_HEALTH.has(type)),
      ({ data }) => (data as { patientId: Id }).patientId,
      healthAfter,
      { unsaved: facts.patients, fresh },
    );
    const entered = page.flatMap((event) => (event.type === 'ConsentWithdrawalsEntered' ? [event] : []));
    await this.withdrawals.fold(
      tx,
      chain,
      entered,
      ({ data }) => data.patientId,
      (known, { data, position }) => withdrawalsAfter(known, data, position),
      { unsaved: facts.withdrawals, fresh },
    );
    for (const id of await recordLinks(tx, chain, page)) facts.relinked.add(id);
    const lots = await this.lots.record(tx, chain, page);
    for (const id of lots.touched) touched.add(id);
    facts.recount.push(...lots.recount);
    for (const { product, ingredients } of lots.grown) {
      const users = await this.lots.coursesThatUsed(tx, chain, product);
      for (const id of await this.ofAllergicPatients(tx, chain, boxes, users, ingredients)) touched.add(id);
    }
  }

  /**
   * Writes the facts.
   * @returns the courses in the table that they touch
   */
  async save({ tx, chain }: ProjectionContext, facts: UnsavedFacts): Promise<Set<Id>> {
    const { consultations, practitioners, patients, withdrawals, relinked, granted, recredentialed, touched } = facts;
    await writeTogether(tx, [
      ...this.consultations.write(chain, consultations),
      ...this.practitioners.write(chain, practitioners),
      ...this.patients.write(chain, patients),
      ...this.withdrawals.write(chain, withdrawals),
    ]);
    const read = (text: string, ids: Iterable<Id>): Read<{ id: Id }>[] => {
      const wanted = [...ids];
      return wanted.length === 0 ? [] : [{ text, values: [chain.no, uuidArray(wanted)] }];
    };
    const found = await readTogether(tx, [
      ...read('select id from course where chain = $1 and consultation_id = any($2::uuid[])', consultations.keys()),
      // What is known of one registration holds for the courses of all.
      ...read(
        `with ${PERSONS} select distinct c.id from person p join course c on c.chain = $1 and c.patient_id = p.id`,
        new Set([...patients.keys(), ...withdrawals.keys(), ...relinked]),
      ),
      // A further credential can only mend sessions that had none: those alone are looked for.
      ...read(
        `select distinct course_id as id from session_use
         where chain = $1 and unqualified and (practitioner_id = any($2::uuid[]) or others && $2::uuid[])`,
        granted,
      ),
      // Which happens rarely enough to look through all sessions for it.
      ...read(
        `select distinct course_id as id from session_use
         where chain = $1 and (practitioner_id = any($2::uuid[]) or others && $2::uuid[])`,
        recredentialed,
      ),
    ]);
    for (const { id } of found.flat()) touched.add(id);
    return touched;
  }

  /** Asks for everything that courses are judged by; `worldsOf` makes something of the rows. */
  reads(chain: Chain, courses: readonly PlannedCourse[]) {
    const treated = courses.filter(isTreated);
    const sessions = treated.flatMap(performedOf);
    return [
      this.consultations.read(chain, treated.flatMap(consultationsOf)),
      this.practitioners.read(
        chain,
        sessions.flatMap((session) => [session.practitionerId, ...othersIn(session)]),
      ),
      personsRead(
        chain,
        treated.map(({ patientId }) => patientId),
      ),
      othersRead(chain, courses),
      ...this.lots.reads(chain, treated, sessions),
    ] as const;
  }

  /** What each course is judged by. */
  async worldsOf(
    { chain, boxes }: ProjectionContext,
    protocolOf: (course: PlannedCourse) => CourseWorld['protocol'],
    [
      consentRows,
      practitionerRows,
      patientRows,
      otherRows,
      lotRows,
      ingredientRows,
      recallRows,
      overdrawnRows,
    ]: FactRows,
  ): Promise<(course: PlannedCourse) => CourseWorld> {
    const consents = statesOf(consentRows);
    const practitioners = statesOf(practitionerRows);
    const health = await this.openHealth(chain, boxes, statesOf(patientRows));
    const withdrawals = new Map<Id, PersonsWithdrawal[]>();
    for (const { root, withdrawn } of patientRows) {
      if (withdrawn) withdrawals.set(root, [...(withdrawals.get(root) ?? []), ...withdrawn]);
    }
    const registrations = new Map<Id, HealthOfRegistration[]>();
    for (const { root, id, links } of patientRows) {
      const known = registrations.get(root) ?? registrations.set(root, []).get(root);
      known?.push({ patientId: id, records: health.get(id) ?? [], links: links ?? [] });
    }
    const lots = this.lots.used(lotRows, ingredientRows, recallRows, overdrawnRows);
    const others = new Map<Id, OtherRow[]>();
    for (const row of otherRows) {
      const known = others.get(row.root) ?? others.set(row.root, []).get(row.root);
      known?.push(row);
    }
    const practitionerOf = (id: Id) => {
      const practitioner = practitioners.get(id);
      return practitioner?.status === 'registered' ? practitioner : undefined;
    };
    return (course) => ({
      protocol: protocolOf(course),
      consents: afterWithdrawals(
        consultationsOf(course).flatMap((id) => consents.get(id)?.consents ?? []),
        withdrawals.get(course.patientId) ?? [],
      ),
      clearances: consultationsOf(course).flatMap((id) => consents.get(id)?.clearance ?? []),
      otherSessions: sessionsElsewhere(others.get(course.patientId) ?? [], course, protocolOf(course)),
      credentialsOf: (practitionerId) => practitionerOf(practitionerId)?.credentials ?? [],
      roleOf: (practitionerId) => practitionerOf(practitionerId)?.role,
      ...lots,
      healthAt: (instant, knownAt) =>
        personsAnswersAt(registrations.get(course.patientId) ?? [], course.patientId, instant, knownAt),
    });
  }

  /** Only those whom the new ingredients of a product concern: it may have been used in most courses of a chain. */
  private async ofAllergicPatients(
    tx: Queryable,
    chain: Chain,
    boxes: Boxes,
    users: ReadonlyMap<Id, readonly Id[]>,
    ingredients: readonly string[],
  ): Promise<Id[]> {
    const folded = new Set(ingredients.map(foldCase));
    const patients = [...users.keys()];
    const found: Id[] = [];
    for (let from = 0; from < patients.length; from += PATIENTS_AT_ONCE) {
      const some = new Set(patients.slice(from, from + PATIENTS_AT_ONCE));
      for (const [patientId, records] of await this.openHealth(
        chain,
        boxes,
        await this.patients.load(tx, chain, some),
      )) {
        const allergic = records.some((record) => allergiesOf(record).some((each) => folded.has(foldCase(each))));
        if (allergic) found.push(...(users.get(patientId) ?? []));
      }
    }
    return found;
  }

  private async openHealth(
    chain: Chain,
    boxes: Boxes,
    states: ReadonlyMap<Id, readonly ClosedHealth[]>,
  ): Promise<Map<Id, OpenHealth[]>> {
    const records = [...states].flatMap(([id, of]) => of.map((record) => ({ id, record })));
    const opened = await boxes.open<SaidOfHealth>(
      chain,
      records.map(({ record }) => record.said),
    );
    const known = new Map<Id, OpenHealth[]>();
    records.forEach(({ id, record }, n) => {
      const of = known.get(id) ?? known.set(id, []).get(id);
      of?.push({ ...record, said: opened[n] ?? ERASED });
    });
    return known;
  }
}

/** The health of persons, by the registration that was asked for (`root`): of each that is linked with it a row. */
const personsRead = (chain: Chain, ids: readonly Id[]): Read<PersonRow> => ({
  text: `with ${PERSONS}
    select p.root, s.id, s.state, w.state as withdrawn, (
      select jsonb_agg(jsonb_build_object('otherPatientId', l.other_id, 'recordedAt', l.recorded_at))
      from patient_link l where l.chain = $1 and l.patient_id = p.id
    ) as links
    from person p
    join patient s on s.chain = $1 and s.id = p.id
    left join withdrawal w on w.chain = $1 and w.id = p.id`,
  values: [chain.no, uuidArray([...new Set(ids)])],
});

interface PersonRow {
  readonly root: Id;
  readonly id: Id;
  readonly state: readonly ClosedHealth[];
  readonly withdrawn: readonly PersonsWithdrawal[] | null;
  /** Null: none stands. */
  readonly links: readonly RegistrationLink[] | null;
}

/** A course of a person who has several. */
export interface OtherRow {
  /** The registration that was asked for. */
  readonly root: Id;
  readonly id: Id;
  /** Of its protocol; its code where that is not published yet. */
  readonly procedure: string;
  readonly sessions: PlannedCourse['sessions'];
}

/** The other courses of the persons of some, which most do not have. */
const othersRead = (chain: Chain, courses: readonly PlannedCourse[]): Read<OtherRow> => ({
  text: `with ${PERSONS}
    select p.root, c.id, coalesce(r.protocol ->> 'procedure', c.protocol) as procedure, c.state -> 'sessions' as sessions
    from person p join course c on c.chain = $1 and c.patient_id = p.id
    left join protocol r on r.chain = $1 and r.code = c.protocol and r.version = c.protocol_version
    where exists (
      select 1 from unnest($3::uuid[], $4::uuid[]) as w(patient_id, course_id)
      where w.patient_id = p.root and w.course_id <> c.id
    )`,
  values: [
    chain.no,
    uuidArray([...new Set(courses.map(({ patientId }) => patientId))]),
    uuidArray(courses.map(({ patientId }) => patientId)),
    uuidArray(courses.map(({ courseId }) => courseId)),
  ],
});

/** Performed course sessions of the procedure in a person's courses but one. */
const sessionsElsewhere = (
  rows: readonly OtherRow[],
  { courseId, protocol }: PlannedCourse,
  rules: CourseWorld['protocol'],
): PerformedSession[] =>
  rows
    .filter(({ id }) => id !== courseId)
    .filter(({ procedure }) => procedure === (rules ? procedureOf(rules) : protocol.code))
    .flatMap(({ sessions }) => sessions)
    .filter((session): session is PerformedSession => session.status === 'performed' && session.kind === 'course');

/**
 * Links are few, and written at once.
 * @returns the patients that a page links with another registration, or no longer
 */
async function recordLinks(tx: Queryable, chain: Chain, page: Page): Promise<Id[]> {
  const changed: Id[] = [];
  for (const event of page) {
    if (event.type !== 'PatientLinked' && event.type !== 'PatientUnlinked') continue;
    const { patientId, otherPatientId, linkId } = event.data;
    changed.push(patientId, otherPatientId);
    if (event.type === 'PatientLinked') {
      await tx.query(
        `insert into patient_link (chain, patient_id, other_id, link_id, recorded_at) values ($1, $2, $3, $4, $5)
         on conflict do nothing`,
        [chain.no, patientId, otherPatientId, linkId, event.recordedAt],
      );
    } else {
      await tx.query('delete from patient_link where chain = $1 and patient_id = $2 and link_id = $3', [
        chain.no,
        patientId,
        linkId,
      ]);
    }
  }
  return changed;
}

/** The consultation that a course rests on, and those that it rested on before. */
const consultationsOf = ({ consultationId, formerConsultationIds = [] }: PlannedCourse): Id[] => [
  ...formerConsultationIds,
  consultationId,
];

type OpenHealth = HealthRecord<SaidOfHealth | Erased>;

/** Keeps the opened answers in memory small when a product that many were treated with gets a new ingredient. */
const PATIENTS_AT_ONCE = 2_000;

/** A correction says how the whole history of the patient reads now. */
const healthAfter = (records: readonly ClosedHealth[], event: SealedEvent<TreatmentEvent>): readonly ClosedHealth[] => {
  if (!event.history) return withHealth(records, event);
  return (event.history as readonly SealedEvent<TreatmentEvent>[]).reduce(withHealth, []);
};

const withHealth = (records: readonly ClosedHealth[], event: SealedEvent<TreatmentEvent>): readonly ClosedHealth[] =>
  isHealthEvent(event) ? evolveHealth(records, event, (event as SealedEvent).sealed.clinical) : records;

/** A correction says how the whole history of the consultation reads now. */
const consentsAfter = (consents: ConsentFacts, event: SealedEvent<ConsultationEntry>): ConsentFacts => {
  const { clearance: before } = consents;
  if (event.history) {
    const history = event.history as readonly SealedEvent<TreatmentEvent>[];
    const facts = history.flatMap((each) => (isConsentEvent(each) ? [each] : [])).reduce(evolveConsents, NO_CONSENTS);
    return { ...facts, clearance: evolveClearance(before, clearedIn(history), event.recordedAt) };
  }
  if (isConcluded(event)) {
    return { ...consents, clearance: evolveClearance(before, clearedIn([event]), event.recordedAt) };
  }
  return isConsentEvent(event) ? evolveConsents(consents, event) : consents;
};

/** A correction says how the whole history of the practitioner reads now. */
const practitionerAfter = (state: PractitionerState, event: SealedEvent<PractitionerEntry>): PractitionerState =>
  event.history
    ? (event.history as readonly SealedEvent<PractitionerEvent>[]).reduce(
        practitionerFold.evolve,
        practitionerFold.initial,
      )
    : practitionerFold.evolve(state, event as SealedEvent<PractitionerEvent>);

type FactRows = RowsOf<ReturnType<CourseReferences['reads']>>;

const statesOf = <State>(rows: readonly { id: Id; state: State }[]): ReadonlyMap<Id, State> =>
  new Map(rows.map(({ id, state }) => [id, state]));

const isTreated = (course: PlannedCourse): boolean => course.sessions.some(({ status }) => status === 'performed');

const performedOf = (course: PlannedCourse): PerformedSession[] =>
  course.sessions.filter((session): session is PerformedSession => session.status === 'performed');
