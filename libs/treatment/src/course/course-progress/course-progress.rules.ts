import { addDays } from '#libs/kernel/src/local-date.js';
import { dateOfWall, type Instant, type LocalDate, localDateAt } from '#libs/kernel/src/zoned-time.js';
import { blockingFindings, type HealthAnswers, reviewFindings } from '#libs/protocols/src/contraindication.rule.js';
import { intervalDeviation, nextEarliest } from '#libs/protocols/src/interval.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { sessionCountDeviation } from '#libs/protocols/src/session-count.rule.js';
import { depthDeviation, durationDeviation } from '#libs/protocols/src/session-measure.rules.js';
import { type Credential, isCredentialedFor } from '../../practitioner/practitioner.state.js';
import { consentOn } from '../../consultation/consent.rules.js';
import { type DeviationKind, deviationKindSchema } from '../course.events.js';
import { intervalDaysOf } from '../course-days.rules.js';
import { dateOfSession } from '../course-maintenance.js';
import { type PerformedSession, performedSessions, type PlannedCourse } from '../course.state.js';
import type { SessionFacts } from '../session-finding.js';
import { device as deviceFindings, steps as stepFindings } from '../session-protocol.rules.js';
import { type LastingReaction, lastingReactions } from '../lasting-reaction.rules.js';

/**
 * What a course that has happened is judged by: all facts that the log holds by now, whatever order they came in. What
 * already happened is never refused; where it lies outside a rule, it is a deviation.
 */
export interface CourseWorld {
  /** The version that the course was planned with; undefined while it is not published yet. */
  readonly protocol: Protocol | undefined;
  /** Every consent of the course's consultation. */
  readonly consents: readonly SignedConsent[];
  /** Of the course's consultations that were ever cleared, in the order in which it rested on them. */
  readonly clearances?: readonly Clearance[];
  /** Performed course sessions of the procedure in the person's other courses; left out where there are none. */
  readonly otherSessions?: readonly Pick<PerformedSession, 'at'>[];
  credentialsOf(practitionerId: string): readonly Credential[];
  /** The receipt of a lot at a site; undefined where it was not received there. */
  lotAt(siteId: string, product: string, lotNumber: string): ReceivedLot | undefined;
  /** As what a practitioner is registered; undefined where that is not known yet. */
  roleOf(practitionerId: string): 'physician' | 'nurse' | undefined;
  /** Whether a lot was recalled for a day, under whatever spelling. */
  isRecalledOn(siteId: string, product: string, lotNumber: string, on: LocalDate): boolean;
  /** When it was entered that a lot was recalled for a day; undefined where it was not. Left out where nobody asks. */
  recallEnteredAt?(siteId: string, product: string, lotNumber: string, on: LocalDate): Instant | undefined;
  /** Whether a session used more of a lot than those that were entered before it had left. */
  isOverdrawn(sessionId: string): boolean;
  /** The union over all received lots of the product. */
  ingredientsOf(product: string): readonly string[];
  /**
   * The patient's answers that hold for a session; undefined where nothing is known, or it was erased.
   * @param knownAt only what was recorded by then, of registrations that were linked by then; all that is known by now where it is left out
   */
  healthAt(instant: Instant, knownAt?: Instant): HealthAnswers | undefined;
}

/** That a consultation was cleared, and that it turned out not to be. */
export interface Clearance {
  /** When it was cleared. */
  readonly at: Instant;
  /** When it was recorded that it was not; null: it stands. */
  readonly lostAt: Instant | null;
  /** When it was last recorded that it was cleared at another time than was thought; null: never. */
  readonly movedAt?: Instant | null;
  /** What it is about and since when that is on record, where anything of the consultation was said anew. */
  readonly procedure?: { readonly code: string; readonly since: Instant } | null;
}

export interface SignedConsent {
  readonly procedure: string;
  readonly signedOn: LocalDate;
  /** The last valid day; null: until withdrawn. */
  readonly validUntil: LocalDate | null;
  readonly withdrawnAt: Instant | null;
}

export interface ReceivedLot {
  readonly receivedOn: LocalDate;
  /** The last day on which it may be used. */
  readonly expiresOn: LocalDate;
  /** When it was entered as it reads; left out where nobody asks. */
  readonly recordedAt?: Instant;
  /** Somebody counted how much of it came. */
  readonly isCounted?: boolean;
}

/** How often each kind of deviation occurred; kinds that did not occur are left out. */
export type DeviationCounts = Partial<Record<DeviationKind, number>>;

export interface CourseJudgement {
  readonly performed: number;
  readonly maintenancePerformed: number;
  /** Local dates of the first and the last performed course session. */
  readonly first: LocalDate | null;
  readonly last: LocalDate | null;
  /** The first day for the next course session, for an active course with sessions left. */
  readonly nextEarliest: LocalDate | null;
  readonly deviations: DeviationCounts;
  /** Of each performed session that has any, by session id. */
  readonly sessionDeviations: Readonly<Record<string, readonly DeviationKind[]>>;
  /** Ids of performed sessions that a physician must look at, since something became known that speaks against them. */
  readonly reviews: readonly string[];
  /** Possible adverse events, for a human to judge. */
  readonly lasting: readonly LastingReaction[];
  /** The last day on which a session comes before the course counts as lapsing; null where it has not begun, or has ended. */
  readonly lapsesAfter: LocalDate | null;
}

/** Where a course stands, and everything about it that lies outside its protocol. */
export function judgeCourse(course: PlannedCourse, world: CourseWorld): CourseJudgement {
  const sessions = performedSessions(course, 'course');
  const maintenance = performedSessions(course, 'maintenance');
  const performed = inOrder([...sessions, ...maintenance]);
  const intervals = intervalDeviations(course, sessions, world);
  const unconsented = new Set(performed.filter((session) => !isConsented(course, session, world)));
  const bySession: { readonly session: PerformedSession; readonly kinds: readonly DeviationKind[] }[] = [];
  for (const session of performed) {
    const kinds = [...(intervals.get(session.sessionId) ?? []), ...sessionDeviations(course, session, world)];
    if (unconsented.has(session)) kinds.push('consent');
    // Each kind at most once a session.
    if (kinds.length > 0) bySession.push({ session, kinds: [...new Set(kinds)] });
  }
  const [first, last] = [sessions[0], sessions.at(-1)];
  const reviews = performed
    .filter((session) => callsForReview(course, session, world))
    .map(({ sessionId }) => sessionId);
  const sessionsLeft = course.status === 'active' && sessions.length < course.plannedSessions;
  return {
    performed: sessions.length,
    maintenancePerformed: maintenance.length,
    first: first ? dateOfSession(first) : null,
    last: last ? dateOfSession(last) : null,
    nextEarliest:
      sessionsLeft && last && world.protocol
        ? nextEarliest({ intervalDays: intervalDaysOf(course, world.protocol) }, dateOfSession(last))
        : null,
    deviations: counted([
      ...courseDeviations(course, unconsented.size > 0, world),
      ...bySession.flatMap(({ kinds }) => kinds.filter((kind) => kind !== 'consent')),
    ]),
    sessionDeviations: Object.fromEntries(bySession.map(({ session, kinds }) => [session.sessionId, kinds])),
    reviews,
    lasting: world.protocol ? lastingReactions(course, world.protocol) : [],
    lapsesAfter:
      course.status === 'active' && last && world.protocol
        ? addDays(dateOfSession(last), world.protocol.lapse.afterDays)
        : null,
  };
}

const inOrder = (sessions: readonly PerformedSession[]): PerformedSession[] =>
  sessions.toSorted((a, b) =>
    a.at.instant < b.at.instant ? -1 : a.at.instant > b.at.instant ? 1 : a.number - b.number,
  );

/** At most once a course: the number of planned sessions (S0-N1, S1-N1, S3-N1, S4-N1), and the consent of any of them. */
function courseDeviations(course: PlannedCourse, unconsented: boolean, { protocol }: CourseWorld): DeviationKind[] {
  const count = protocol ? sessionCountDeviation(protocol, course.plannedSessions) : null;
  return [...(count ? [count] : []), ...(unconsented ? (['consent'] as const) : [])];
}

/** By the rule that refuses a session without one: signed by the end of its day, and still in force at its time. */
const isConsented = (course: PlannedCourse, session: PerformedSession, { consents }: CourseWorld): boolean =>
  consentOn(consents, course.protocol.code, dateOfSession(session), session.at.instant) !== undefined;

/**
 * Between consecutive performed course sessions, each counted at the later one (S0-N1, S1-N1), by the plan that held
 * when that began; those of the person's other
 * courses of the procedure keep their distance as well. An import counts what it is reconciled by, which is each course
 * by itself.
 */
function intervalDeviations(
  course: PlannedCourse,
  sessions: readonly PerformedSession[],
  { protocol, otherSessions = [] }: CourseWorld,
): Map<string, DeviationKind[]> {
  const found = new Map<string, DeviationKind[]>();
  if (!protocol) return found;
  sessions.forEach((session, n) => {
    const intervalDays = intervalDaysOf(course, protocol, session.at.instant);
    const before = sessions[n - 1];
    const own = before && intervalDeviation({ intervalDays }, dateOfSession(before), dateOfSession(session));
    const isClose = ({ at }: Pick<PerformedSession, 'at'>): boolean =>
      at.instant <= session.at.instant &&
      intervalDeviation({ intervalDays }, dateOfWall(at.wall), dateOfSession(session)) === 'interval-short';
    const elsewhere = !session.isReconciled && otherSessions.some(isClose);
    const kinds = [...(own ? [own] : []), ...(elsewhere ? (['interval-short'] as const) : [])];
    if (kinds.length > 0) found.set(session.sessionId, kinds);
  });
  return found;
}

/** Each kind at most once a performed session, maintenance included. */
function sessionDeviations(course: PlannedCourse, session: PerformedSession, world: CourseWorld): DeviationKind[] {
  const on = dateOfSession(session);
  const derived = measureDeviations(session, world.protocol);
  derived.push(...lotDeviations(session, on, world), ...procedureDeviations(session, world));
  // S2-Q1
  const isAllowed = (id: string) => isCredentialedFor(world.credentialsOf(id), world.protocol ?? course.protocol, on);
  const others = session.isReconciled ? [] : (session.steps ?? []).map(({ practitionerId }) => practitionerId);
  if (![session.practitionerId, ...others].every(isAllowed)) derived.push('credential');
  if (isContraindicated(session, world)) derived.push('contraindication');
  // What somebody accepted with a reason and no fact of the course tells by itself.
  const accepted = session.overridden.filter((kind) => STATED.has(kind) && !derived.includes(kind));
  derived.push(...accepted);
  return derived;
}

const STATED: ReadonlySet<DeviationKind> = new Set<DeviationKind>([
  // Of another course of the person. One that is too long is of the course itself, and gone when an entry closes it.
  'interval-short',
  // Of a condition or a medicine that no list knows.
  'contraindication',
]);

/**
 * Whether something is known by now that speaks against a session and was not when it was entered, or last reviewed: an
 * answer that came later with the date since when it was true (S0-C1 to S0-C8, S4-C1), a clearance that turned out to be
 * none, a lot that turned out to have been recalled or expired on the day, a positive answer of the check that no physician
 * had decided on by then (S0-P1, S4-C1). A session that was said anew is another one:
 * whatever speaks against it as it reads since then is looked at.
 */
function callsForReview(course: PlannedCourse, session: PerformedSession, world: CourseWorld): boolean {
  const { protocol } = world;
  if (hasLostClearance(course, session, world) || hasUsedBadLot(session, world)) return true;
  if (session.checkUndecided && (session.correctedAt ?? '') > lookedAt(session)) return true;
  const now = world.healthAt(session.at.instant);
  if (!protocol || !now || !saysAnything(now)) return false;
  const ingredients = session.products.flatMap(({ product }) => world.ingredientsOf(product));
  if (isAnotherSince(session, world)) return findingsIn(protocol, now, ingredients).length > 0;
  const then = world.healthAt(session.at.instant, lookedAt(session)) ?? NOTHING_KNOWN;
  const known = new Set(findingsIn(protocol, then, ingredients));
  return findingsIn(protocol, now, ingredients).some((code) => !known.has(code));
}

/** When somebody last looked at a session with what was known then. */
const lookedAt = ({ recordedAt, reviewedAt }: PerformedSession): Instant => reviewedAt ?? recordedAt;

/** Whether the session, or a receipt of what it used, reads otherwise than when somebody last looked at it. */
function isAnotherSince(session: PerformedSession, world: CourseWorld): boolean {
  const { siteId, products, correctedAt, isReconciled } = session;
  const since = lookedAt(session);
  if ((correctedAt ?? '') > since) return true;
  // The receipts of an old history come in any order.
  if (isReconciled) return false;
  return products.some((used) => (world.lotAt(siteId, used.product, used.lotNumber)?.recordedAt ?? '') > since);
}

/** It turned out since that a lot of the session was recalled on its day, or had expired. */
function hasUsedBadLot(session: PerformedSession, world: CourseWorld): boolean {
  const on = dateOfSession(session);
  const isAnother = isAnotherSince(session, world);
  return session.products.some(({ product, lotNumber }) => {
    const recalledAt = world.recallEnteredAt?.(session.siteId, product, lotNumber, on);
    if (recalledAt !== undefined && (isAnother || recalledAt > lookedAt(session))) return true;
    const lot = world.lotAt(session.siteId, product, lotNumber);
    return isAnother && lot !== undefined && on > lot.expiresOn;
  });
}

/**
 * The consultation that it rested on turned out since not to have cleared the patient, not by the day of the session, or not
 * for this procedure (S2-V1, S3-V1).
 */
function hasLostClearance(course: PlannedCourse, session: PerformedSession, { clearances = [] }: CourseWorld): boolean {
  const { at } = session;
  const rested = clearances.findLast((each) => each.at <= at.instant) ?? clearances[0];
  if (!rested) return false;
  const isLater = localDateAt(rested.at, at.zone) > dateOfSession(session);
  const isOther = rested.procedure && rested.procedure.code !== course.protocol.code;
  // Moved away from it was either of the two.
  const moved = isLater ? [rested.movedAt, session.correctedAt] : [];
  const since = [rested.lostAt, ...moved, isOther ? rested.procedure?.since : null];
  return since.some((recordedAt) => (recordedAt ?? '') > lookedAt(session));
}

const NOTHING_KNOWN: HealthAnswers = { conditions: [], medications: [], allergies: [] };

const findingsIn = (protocol: Protocol, answers: HealthAnswers, ingredients: readonly string[]): string[] =>
  [...blockingFindings(protocol, answers, ingredients), ...reviewFindings(protocol, answers, ingredients)].map(
    // Two registrations may say the same.
    ({ code, matched }) => `${code} ${[...new Set(matched)].join()}`,
  );

/** Depth (S3-D1) and duration (S4-U1); what was not recorded is no deviation. */
function measureDeviations(session: PerformedSession, protocol: Protocol | undefined): DeviationKind[] {
  if (!protocol) return [];
  const device = session.device as Parameters<typeof depthDeviation>[1]['device'];
  const depth = depthDeviation(protocol, { depthMm: session.depthMm ?? null, device });
  const duration = durationDeviation(protocol, session.durationMinutes ?? null);
  return [...(depth ? [depth] : []), ...(duration ? [duration] : [])];
}

/**
 * A device that the protocol names, its steps in their order (S1-S1, S3-S1), and a nurse on the order of a physician. An old
 * history has no order and names devices as they came: an import counts what it is reconciled by, and no more.
 */
function procedureDeviations(session: PerformedSession, world: CourseWorld): DeviationKind[] {
  const { protocol, roleOf } = world;
  if (!protocol || session.isReconciled) return [];
  const device = session.device as SessionFacts['device'];
  const found = [...deviceFindings({ protocol }, { device }), ...stepFindings({ protocol }, session)];
  const isUnordered = roleOf(session.practitionerId) === 'nurse' && !isOrdered(session, protocol, world);
  return [...found.flatMap(({ deviation }) => deviation ?? []), ...(isUnordered ? (['order'] as const) : [])];
}

/** By a physician who may carry out the procedure on that day (S2-Q1). */
const isOrdered = (session: PerformedSession, protocol: Protocol, world: CourseWorld): boolean =>
  session.orderedBy !== undefined &&
  world.roleOf(session.orderedBy) === 'physician' &&
  isCredentialedFor(world.credentialsOf(session.orderedBy), protocol, dateOfSession(session));

/** Against what was received at the site of the session; both days named in the receipt still count. */
function lotDeviations(session: PerformedSession, on: LocalDate, world: CourseWorld): DeviationKind[] {
  let isExpired = false;
  let isMissing = false;
  let isRecalled = false;
  for (const { product, lotNumber } of session.products) {
    const lot = world.lotAt(session.siteId, product, lotNumber);
    if (lot === undefined || on < lot.receivedOn) isMissing = true;
    if (lot !== undefined && on > lot.expiresOn) isExpired = true;
    if (world.isRecalledOn(session.siteId, product, lotNumber, on)) isRecalled = true;
  }
  const found: DeviationKind[] = [];
  if (isExpired) found.push('lot-expired');
  if (isMissing) found.push('lot-not-received');
  if (isRecalled) found.push('lot-recalled');
  if (world.isOverdrawn(session.sessionId)) found.push('lot-volume');
  return found;
}

/** S0-C1 to S0-C8: a blocking condition or medicine, or an allergy to an ingredient of a product that was used. */
function isContraindicated(session: PerformedSession, world: CourseWorld): boolean {
  const answers = world.healthAt(session.at.instant);
  // Most patients have nothing to say, and comparing names with every list is what judging a course spends its time on.
  if (!world.protocol || !answers || !saysAnything(answers)) return false;
  const ingredients = session.products.flatMap(({ product }) => world.ingredientsOf(product));
  return blockingFindings(world.protocol, answers, ingredients).length > 0;
}

const saysAnything = ({ conditions, medications, allergies }: HealthAnswers): boolean =>
  conditions.length + medications.length + allergies.length > 0;

/** In the order in which the kinds are defined, so that equal courses give equal text. */
function counted(kinds: readonly DeviationKind[]): DeviationCounts {
  const counts: DeviationCounts = {};
  if (kinds.length === 0) return counts;
  for (const kind of deviationKindSchema.options) {
    const count = kinds.filter((each) => each === kind).length;
    if (count > 0) counts[kind] = count;
  }
  return counts;
}
