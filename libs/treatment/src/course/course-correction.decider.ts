import {
  changesHistory,
  correctedType,
  effectiveHistory,
  isCorrection,
  isRetraction,
} from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { type Occurred, occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { type Instant, type LocalDate, localDateAt, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { isTreatingPhysician, type PractitionerState, seenAsPhysician } from '../practitioner/practitioner.state.js';
import { foldedWith, historyWith } from './corrected-history.js';
import { beforePlan, movedPlanFields, type PlanWorld } from './course-correction-plan.rules.js';
import {
  followingOf,
  judgedSession,
  pastTheEnd,
  type PerformedData,
  requireAfterPlan,
} from './course-correction-session.rules.js';
import { changedBy, deviceFields, rangeFields } from './course-plan.decider.js';
import { CorrectionRefused, type CourseRefusal, EntryUnknown } from './course.errors.js';
import {
  type CourseCorrection,
  CourseEntryRetracted,
  type CourseEvent,
  CoursePlanChangedCorrected,
  CoursePlannedCorrected,
  FollowUpHeldCorrected,
  SessionPerformedCorrected,
} from './course.events.js';
import { performedSessions, type PlannedCourse } from './course.state.js';
import type { SessionWorld } from './session-finding.js';
import { placeFields } from './session-place.rules.js';

/** The types of entries that can be said anew; others are retracted, and what is right is entered. */
export const CORRECTABLE = ['SessionPerformed', 'FollowUpHeld', 'CoursePlanned', 'CoursePlanChanged'] as const;
export type CorrectableEntry = (typeof CORRECTABLE)[number];

export interface CorrectCourseEntry {
  readonly type: 'CorrectCourseEntry';
  /** Id of the entry's event. */
  readonly eventId: string;
  readonly entry: CorrectableEntry;
  /** Fields of the event's data with their right values; null takes an optional one away. */
  readonly changes: Readonly<Record<string, unknown>>;
  readonly reason: string;
  /** The stream as it was recorded. */
  readonly history: readonly RecordedEvent[];
  /** Ids of the follow-ups whose adverse event no physician has closed. */
  readonly openFollowUps: readonly string[];
  /** What a session that is moved is judged by: its distance to those of the person's other courses, and the person's death. */
  readonly world: Pick<SessionWorld, 'protocol' | 'otherCourses' | 'person'>;
  /** What the time of a plan is judged by; needed where that is said anew, by `at` among the changes. */
  readonly plan?: PlanWorld | undefined;
  /** Who decides, where a physician must. */
  readonly physician?: NamedPhysician | undefined;
}

/** A practitioner who was named as the physician who decides, by id and as on record. */
export interface NamedPhysician {
  readonly id: string;
  readonly state: PractitionerState;
  /** The day on which it is decided, at the site of the course. */
  readonly on: LocalDate;
}

export interface RetractCourseEntry {
  readonly type: 'RetractCourseEntry';
  readonly eventId: string;
  readonly reason: string;
  readonly history: readonly RecordedEvent[];
  readonly openFollowUps: readonly string[];
  /** In the version that the course was planned with. */
  readonly protocol: Protocol;
  /** Who takes back what a physician had decided. */
  readonly physician?: NamedPhysician | undefined;
}

/** What a correction never changes: an entry that names the wrong one is retracted. */
const IDENTITY: ReadonlySet<string> = new Set(['courseId', 'patientId', 'sessionId', 'followUpId', 'kind', 'number']);
/** What an entry of the engine is, or what all others rest on. */
const NEVER_RETRACTED: ReadonlySet<string> = new Set(['CoursePlanned', 'MaintenanceProposed']);

/**
 * Says an entry anew. What already happened is not refused for breaking a rule: read models show it as a deviation.
 * Saying what is said already adds nothing.
 * @throws EntryUnknown, CorrectionRefused
 */
export function correctEntry(command: CorrectCourseEntry, state: PlannedCourse, now: Instant): CourseCorrection[] {
  const { eventId, entry, changes, reason } = command;
  const target = entryOf(command);
  if (target.type !== entry) {
    throw new CorrectionRefused({
      field: 'data.type',
      message: `The entry is of the type ${target.type}, not ${entry}.`,
      rule: 'correction.correctable',
      facts: [],
      seen: target.type,
      accepted: CORRECTABLE.join(', '),
    });
  }
  const before = target.data as Record<string, unknown>;
  const data = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    // When a course was planned is no field of its plan: it is when the plan occurred.
    if (value === undefined || (entry === 'CoursePlanned' && name === 'at')) continue;
    if (IDENTITY.has(name) && !(entry === 'FollowUpHeld' && name === 'kind')) refuseIdentity(name, value);
    if (value === null) delete data[name];
    else data[name] = value;
  }
  if (entry === 'SessionPerformed')
    Object.assign(data, followingOf(before as PerformedData, data as PerformedData, changes));
  const planned = plannedAnew(command, target);
  if (!planned && JSON.stringify(sorted(data)) === JSON.stringify(sorted(before))) return [];
  if (before.adverseEvent !== undefined && data.adverseEvent === undefined)
    requireClosed(before, command.openFollowUps);
  const at = planned ?? (data.at as ZonedTime | undefined);
  if (at && at.instant > now) {
    throw new CorrectionRefused({
      field: 'data.at',
      message: `${at.wall} is still to come.`,
      rule: 'correction.in-future',
      facts: [],
      seen: at.wall,
      accepted: 'a time that has come',
    });
  }
  if (entry === 'SessionPerformed')
    Object.assign(data, judgedSession(command, state, before as PerformedData, data as PerformedData, now));
  if (entry === 'FollowUpHeld') requireAfterPlan(state, at, before.at as ZonedTime, 'follow-up.after-plan');
  if (PLANS.has(entry)) Object.assign(data, decidedPlan(command, before as unknown as PlanEntry, data as never, now));
  if (planned) requirePlannedThen(command, data as unknown as PlanEntry, target.occurredAt.instant, planned);
  dropUnsaid(data);
  const occurred: Occurred = at ? occurredAt(at) : target.occurredAt;
  const corrected = CORRECTED[entry](occurred, { ...data, corrects: eventId, correctionReason: reason } as never);
  if (PLANS.has(entry)) requireEnoughPlanned(command, corrected, state);
  if (planned) requirePlanFirst(command, corrected, 'data.at');
  return [corrected];
}

/** An event leaves out what has no value. */
function dropUnsaid(data: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(data)) if (value === undefined) delete data[name];
}

const CORRECTED = {
  SessionPerformed: SessionPerformedCorrected,
  FollowUpHeld: FollowUpHeldCorrected,
  CoursePlanned: CoursePlannedCorrected,
  CoursePlanChanged: CoursePlanChangedCorrected,
} as const satisfies Record<CorrectableEntry, unknown>;

/** When a course was planned, where that is said anew. */
function plannedAnew(
  { entry, changes }: CorrectCourseEntry,
  { occurredAt: was }: RecordedEvent,
): ZonedTime | undefined {
  const at = entry === 'CoursePlanned' ? (changes.at as ZonedTime | undefined) : undefined;
  return at?.instant === was.instant ? undefined : at;
}

/** A plan at another time is judged as one that is entered late for it. */
function requirePlannedThen(
  { changes, world, physician, plan: around }: CorrectCourseEntry,
  plan: PlanEntry,
  was: Instant,
  at: ZonedTime,
): void {
  if (!around) throw new Error('A plan that is said anew for another time needs what that is judged by');
  const { protocol, person } = world;
  const reasons = mayLeaveRanges(physician, protocol) ? changes : {};
  const [field] = movedPlanFields(plan, { ...around, protocol, person }, { was, at }, reasons);
  if (field) throw new CorrectionRefused({ ...field, field: `data.${field.field}` });
}

/** However an entry comes to read otherwise, everything in the course comes after its plan. */
function requirePlanFirst(
  { history }: Pick<CorrectCourseEntry, 'history'>,
  change: CourseCorrection,
  field: string,
): void {
  const [refused] = beforePlan(effectiveHistory(history), historyWith(history, change));
  if (refused) throw new CorrectionRefused({ ...refused, field });
}

/** A session that goes back to where it stood before a correction: meanwhile another one may have come there. */
function requirePlaceBack({ history }: RetractCourseEntry, change: CourseCorrection, state: PlannedCourse): void {
  const after = foldedWith(history, change);
  for (const session of after?.sessions ?? []) {
    const known = state.sessions.find(({ sessionId }) => sessionId === session.sessionId);
    if (!after || session.status !== 'performed' || known?.status !== 'performed') continue;
    if (session.at.instant === known.at.instant) continue;
    const [field] = [...placeFields(after, session), ...pastTheEnd(after, session, known.at)];
    if (field) throw new CorrectionRefused({ ...field, field: 'entry' });
  }
}

const PLANS: ReadonlySet<string> = new Set(['CoursePlanned', 'CoursePlanChanged']);

type PlanEntry = Parameters<typeof rangeFields>[1];

/**
 * A plan is a choice, and no mere event: what is said anew of it is judged as a plan is. Outside the protocol's ranges it
 * needs a physician with a reason, and what a physician changed is said anew by one.
 * @returns what stands in the entry of who decided
 */
function decidedPlan(
  { entry, changes, world, physician }: CorrectCourseEntry,
  before: PlanEntry,
  plan: PlanEntry,
  now: Instant,
): { practitionerId?: string } {
  const { protocol } = world;
  const isChange = entry === 'CoursePlanChanged';
  const reasons = mayLeaveRanges(physician, protocol)
    ? (changes as { countReason?: string; intervalReason?: string })
    : {};
  // What stood in the entry before was decided then.
  const isSaid = (name: keyof PlanEntry) => JSON.stringify(plan[name]) !== JSON.stringify(before[name]);
  const outside = isChange ? deviceFields(protocol, plan) : rangeFields(protocol, plan, reasons);
  const [field] = [
    ...(isChange ? changedBy(physician?.state, protocol, physician?.on ?? localDateAt(now, 'UTC')) : []),
    ...outside.filter((each) => isSaid(each.field as keyof PlanEntry)),
  ];
  if (field)
    throw new CorrectionRefused({ ...field, field: field.field === 'physician' ? field.field : `data.${field.field}` });
  return isChange && physician ? { practitionerId: physician.id } : {};
}

/** Whether somebody who may decide on it says why a plan leaves the ranges of its protocol. */
const mayLeaveRanges = (physician: NamedPhysician | undefined, protocol: Protocol): boolean =>
  physician !== undefined && isTreatingPhysician(physician.state, protocol, physician.on);

/**
 * However a plan comes to be another one, it has the sessions that were performed, and a completed course has performed
 * all that it has.
 */
function requireEnoughPlanned(
  { history }: Pick<CorrectCourseEntry, 'history'>,
  change: CourseCorrection,
  state: PlannedCourse,
): void {
  const { plannedSessions } = foldedWith(history, change) ?? state;
  const performed = performedSessions(state, 'course').length;
  if (plannedSessions === state.plannedSessions) return;
  if (state.status === 'completed') requireActive(state);
  if (plannedSessions >= performed) return;
  throw new CorrectionRefused({
    field: 'data.plannedSessions',
    message: `${performed} sessions were performed already; fewer cannot have been planned.`,
    rule: 'plan.below-performed',
    facts: [],
    seen: plannedSessions,
    accepted: `${performed} or more`,
  });
}

function refuseIdentity(name: string, seen: unknown): never {
  throw new CorrectionRefused({
    field: `data.${name}`,
    message:
      'A correction never moves an entry to another course, patient or session: retract it and enter what is right.',
    rule: 'correction.identity',
    facts: [],
    seen: String(seen),
    accepted: 'other fields of the entry',
  });
}

/** An adverse event does not go away by a correction: a physician closes it. */
function requireClosed(entry: Readonly<Record<string, unknown>>, openFollowUps: readonly string[]): void {
  if (!openFollowUps.includes(String(entry.followUpId))) return;
  throw new CorrectionRefused({
    field: 'data.adverseEvent',
    message: 'The adverse event that this follow-up found is open: a physician closes it first.',
    rule: 'correction.adverse-event-open',
    facts: ['S4-R2'],
    seen: entry.followUpId,
    accepted: 'an adverse event that a physician has closed',
  });
}

const sorted = (data: Record<string, unknown>) => Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));

/**
 * Takes an entry back that never happened, or a correction that was wrong itself. Done already, it adds nothing.
 * @throws EntryUnknown, CorrectionRefused
 */
export function retractEntry(command: RetractCourseEntry, state: PlannedCourse, now: Instant): CourseCorrection[] {
  const { eventId, reason, history } = command;
  const event = history.find(({ header }) => header.id === eventId);
  if (!event || isRetraction(event.type)) throw new EntryUnknown(eventId);
  if (NEVER_RETRACTED.has(event.type)) {
    throw new CorrectionRefused({
      field: 'entry',
      message: `${event.type} is not retracted: correct it, or stop the course.`,
      rule: 'correction.retractable',
      facts: [],
      seen: event.type,
      accepted: 'an entry that somebody made in the course',
    });
  }
  const isRetracted = history.some(
    ({ type, data }) => isRetraction(type) && (data as { retracts?: string }).retracts === eventId,
  );
  if (isRetracted) return [];
  requireLatest(event, history);
  if (isCourseSession(state, event)) requireActive(state);
  const { physician, protocol } = command;
  const on = physician?.on ?? localDateAt(now, 'UTC');
  const [notAllowed] =
    correctedType(event.type) === 'CoursePlanChanged' ? changedBy(physician?.state, protocol, on) : [];
  if (notAllowed) throw new CorrectionRefused(notAllowed);
  const refusal = BY_PHYSICIAN.get(event.type);
  if (refusal && !isTreatingPhysician(physician?.state, protocol, on)) {
    throw new CorrectionRefused(refusal({ physician: physician?.state, protocol, on }));
  }
  if (event.type === 'SessionBooked') requireNoHold(state, event.data as BookedData, protocol);
  if (event.type === 'SessionHoldDecided') requireSessionOfHold(state, event.data as DecidedData);
  if (event.type === 'CourseCompleted') requireNoMaintenance(state);
  const { courseId, patientId } = state;
  const by = command.physician ? { physicianId: command.physician.id } : {};
  const data = { courseId, patientId, ...by, retracts: eventId, retractionReason: reason };
  const retracted = CourseEntryRetracted(occurredNow(now), data);
  if (PLANS.has(correctedType(event.type))) requireEnoughPlanned(command, retracted, state);
  if (event.type === 'SessionPerformedCorrected') requirePlaceBack(command, retracted, state);
  if (isCorrection(event.type)) requirePlanFirst(command, retracted, 'entry');
  if (correctedType(event.type) === 'FollowUpHeld') requireOpenStay(command, retracted);
  return [retracted];
}

/** Whether an entry or a correction of it said that something was found, none that is open is gone without it. */
function requireOpenStay({ history, openFollowUps }: RetractCourseEntry, change: CourseCorrection): void {
  if (openFollowUps.length === 0) return;
  const stays = foldedWith(history, change)?.followUps.filter(({ adverseEvent }) => adverseEvent !== undefined) ?? [];
  const gone = openFollowUps.find((id) => !stays.some(({ followUpId }) => followUpId === id));
  if (gone !== undefined) requireClosed({ followUpId: gone }, openFollowUps);
}

type BookedData = Extract<CourseEvent, { type: 'SessionBooked' }>['data'];

/** What the pre-treatment check found does not go away with the booking: the hold is taken back first, by a physician. */
function requireNoHold(state: PlannedCourse, { sessionId }: BookedData, protocol: Protocol): void {
  const hold = state.sessions.find((session) => session.sessionId === sessionId)?.hold;
  if (!hold || hold.decision === 'proceed') return;
  throw new CorrectionRefused({
    field: 'entry',
    message: 'The session is held: a physician takes the hold back first, or the session is cancelled.',
    rule: 'session.hold-stays',
    facts: ['S0-P1', 'S0-C5', 'S2-Q1'],
    seen: hold.decision ?? 'undecided',
    accepted: `a session that is not held, or whose hold a physician with a credential for ${protocol.code} has lifted`,
  });
}

type DecidedData = Extract<CourseEvent, { type: 'SessionHoldDecided' }>['data'];

/** The hold went with the booking because it was lifted: there is nothing left that could stand again. */
function requireSessionOfHold({ sessions }: PlannedCourse, { sessionId, decision }: DecidedData): void {
  if (decision !== 'proceed' || sessions.some((session) => session.sessionId === sessionId)) return;
  throw new CorrectionRefused({
    field: 'entry',
    message: 'The booking of this session was taken back since, as its hold was lifted: hold the session that is next.',
    rule: 'session.hold-stays',
    facts: ['S0-P1', 'S0-C5'],
    seen: 'no booking',
    accepted: 'a decision about a session that is on record',
  });
}

/**
 * A correction says the whole entry as it reads from then on, with what earlier ones had changed. One that others were
 * made upon would go on in them.
 */
function requireLatest({ header, type }: RecordedEvent, history: readonly RecordedEvent[]): void {
  const resting = isCorrection(type) ? correctionsSince(header.id, history) : [];
  const [last] = resting.toReversed();
  if (last === undefined) return;
  throw new CorrectionRefused({
    field: 'entry',
    message: `${resting.length === 1 ? 'A later correction rests' : `${resting.length} later corrections rest`} on it: take back ${last} first, or correct the value.`,
    rule: 'correction.latest-first',
    facts: [],
    seen: resting,
    accepted: `the latest correction, ${last}, or a correction that says the right value`,
  });
}

/** Ids of the corrections of the same entry that were made after one and stand, in their order. */
function correctionsSince(eventId: string, history: readonly RecordedEvent[]): string[] {
  /** The entry of each correction, whose corrections may name one another. */
  const entries = new Map<string, string>();
  const retracted = new Set<string>();
  for (const { header, type, data } of history) {
    const { corrects, retracts } = data as { corrects?: string; retracts?: string };
    if (isRetraction(type) && retracts !== undefined) retracted.add(retracts);
    else if (isCorrection(type) && corrects !== undefined) entries.set(header.id, entries.get(corrects) ?? corrects);
  }
  const entryId = entries.get(eventId);
  const all = [...entries].filter(([, each]) => each === entryId).map(([id]) => id);
  return all.slice(all.indexOf(eventId) + 1).filter((id) => !retracted.has(id));
}

/** Who takes back what a physician had decided, and when. */
interface TakenBackBy {
  readonly physician: PractitionerState | undefined;
  readonly protocol: Protocol;
  readonly on: LocalDate;
}

const holdTakenBack = ({ physician, protocol, on }: TakenBackBy): CourseRefusal => ({
  field: 'physician',
  message: 'What holds a session is taken back by a physician who may carry out the procedure.',
  rule: 'session.hold-stays',
  facts: ['S0-P1', 'S0-C5', 'S2-Q1'],
  seen: seenAsPhysician(physician, on),
  accepted: `a physician with a credential for ${protocol.code} that is valid on ${on}`,
});

const reviewTakenBack = ({ physician, protocol, on }: TakenBackBy): CourseRefusal => ({
  field: 'physician',
  message: 'A review is taken back by a physician who may carry out the procedure.',
  rule: 'session.reviewed',
  facts: ['S2-Q1'],
  seen: seenAsPhysician(physician, on),
  accepted: `a physician with a credential for ${protocol.code} that is valid on ${on}`,
});

const windowTakenBack = ({ physician, protocol, on }: TakenBackBy): CourseRefusal => ({
  field: 'physician',
  message: 'The window of the next maintenance session is taken back by a physician who may carry out the procedure.',
  rule: 'maintenance.physician-sets',
  facts: ['S4-N1', 'S4-E1', 'S2-Q1'],
  seen: seenAsPhysician(physician, on),
  accepted: `a physician with a credential for ${protocol.code} that is valid on ${on}`,
});

/** What waits for a physician's written decision, or is one: it does not go away without one who might decide. */
const BY_PHYSICIAN: ReadonlyMap<string, (by: TakenBackBy) => CourseRefusal> = new Map([
  ['SessionHeld', holdTakenBack],
  ['SessionHoldDecided', holdTakenBack],
  ['SessionReviewed', reviewTakenBack],
  ['MaintenanceScheduled', windowTakenBack],
]);

/** Maintenance comes after a completed course: what rests on its end is taken back first. */
function requireNoMaintenance({ sessions }: PlannedCourse): void {
  const resting = sessions.filter(
    ({ kind, status }) => kind === 'maintenance' && (status === 'booked' || status === 'performed'),
  );
  if (resting.length === 0) return;
  throw new CorrectionRefused({
    field: 'entry',
    message: `Maintenance rests on it (${resting.length} booked or performed): cancel it, or take it back, first.`,
    rule: 'correction.maintenance-first',
    facts: ['S1-M2'],
    seen: resting.map(({ sessionId }) => sessionId),
    accepted: 'a course without maintenance',
  });
}

/** Sessions of the course itself; what happened in maintenance goes on after it. */
const isCourseSession = ({ sessions }: PlannedCourse, { type, data }: RecordedEvent): boolean =>
  SESSION_ENTRIES.has(type) &&
  sessions.some(({ sessionId, kind }) => kind === 'course' && sessionId === (data as { sessionId?: string }).sessionId);

const SESSION_ENTRIES: ReadonlySet<string> = new Set([
  'SessionBooked',
  'SessionRescheduled',
  'SessionPerformed',
  'SessionMissed',
  'SessionCancelled',
]);

/** A completed course had all its sessions, and an ended one has none to come: the end is taken back before them. */
function requireActive({ status }: PlannedCourse): void {
  if (status === 'active') return;
  throw new CorrectionRefused({
    field: 'entry',
    message: `The course is ${status}: take back its end first.`,
    rule: 'correction.course-ended',
    facts: [],
    seen: status,
    accepted: 'an entry of an active course, or the end of the course itself',
  });
}

/** The entry as it reads now. */
function entryOf({ eventId, history }: CorrectCourseEntry): RecordedEvent {
  const named = history.find(({ header }) => header.id === eventId);
  const isEntry = named !== undefined && !changesHistory(named.type);
  if (named && isCorrection(named.type)) {
    throw new CorrectionRefused({
      field: 'entry',
      message: 'This is a correction: name the entry that it corrects.',
      rule: 'correction.correctable',
      facts: [],
      seen: named.type,
      accepted: `the id of the ${correctedType(named.type)}`,
    });
  }
  const effective = isEntry ? effectiveHistory(history).find(({ header }) => header.id === eventId) : undefined;
  if (effective) return effective;
  if (isEntry) {
    throw new CorrectionRefused({
      field: 'entry',
      message: 'The entry was retracted: there is nothing to correct any more.',
      rule: 'correction.not-retracted',
      facts: [],
      seen: 'retracted',
      accepted: 'an entry that stands',
    });
  }
  throw new EntryUnknown(eventId);
}
