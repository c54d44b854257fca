import type { Entry } from './memory-clinic.js';

/**
 * What must hold of sessions and courses, read from the bare events in the plainest way. It shares no rule and no fold
 * with the product on purpose. Days are those of Istanbul, which is three hours ahead of UTC the whole year.
 */

/** What an event says, where its type is known from its name. */
type Said = any;

const said = (entry: Entry): Said => entry.data;
export const dayOf = (instant: string): string => new Date(Date.parse(instant) + 10_800_000).toISOString().slice(0, 10);
const days = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;

/** The entries that nobody took back, each as its last standing correction says it, in the order of their entering. */
export function standing(events: readonly Entry[]): Entry[] {
  const gone = new Set(events.filter(({ type }) => type.endsWith('Retracted')).map((each) => said(each).retracts));
  const left = events.filter(({ header }) => !gone.has(header.id));
  return left
    .filter(({ type }) => !type.endsWith('Corrected') && !type.endsWith('Retracted'))
    .map((entry) => {
      const anew = left.filter((each) => each.type.endsWith('Corrected') && said(each).corrects === entry.header.id);
      const last = anew.at(-1);
      if (!last) return entry;
      const { corrects: _, correctionReason: __, ...data } = said(last);
      const { occurredAt } = last;
      return { ...entry, data, occurredAt, header: { ...entry.header, occurredAt } };
    });
}

/** Everything of a clinic that the oracle looks at, as it was before the session was recorded. */
export interface Before {
  readonly courses: readonly Entry[];
  readonly patient: readonly Entry[];
  readonly consultation: readonly Entry[];
  readonly lots: readonly Entry[];
  readonly recalls: readonly Entry[];
  readonly practitioners: readonly Entry[];
}

/** What a physician may accept with a reason: what is on a list, and what no list knows. */
const OVERRIDABLE = [
  ['condition', 'cardiovascular-disease'],
  ['medication', 'warfarin'],
  ['medication', 'something that no list knows'],
] as const;

/** The sentences of the domain that a session breaks which was just recorded; none is what must come out. */
export function wrongsOfSession(session: Entry, before: Before): string[] {
  const its = said(session);
  const on: string = its.at.wall.slice(0, 10);
  const ofCourse = standing(before.courses.filter((each) => said(each).courseId === its.courseId));
  const wrongs: Record<string, boolean> = {
    'two identifiers are confirmed': new Set(its.identifiers).size < 2,
    'a consent holds at that time': !isConsented(standing(before.consultation), on, its.at.instant),
    'lots are received, not expired and not recalled': its.products.some(
      (product: Said) => !isGoodLot(product, its.siteId, on, before),
    ),
    'no more of a lot than is left, or it is overridden':
      its.products.some((product: Said) => isTooMuch(product, its, before)) && !its.overridden.includes('lot-volume'),
    'no adverse event was open': wasAdverseEventOpen(its.at, before),
    'a nurse treats on the order of a physician':
      roleOf(its.practitionerId, before) === 'nurse' && roleOf(its.orderedBy, before) !== 'physician',
    'whoever treats has a credential on the day': !isCredentialed(its.practitionerId, on, before),
    'sessions keep their distance, or it is overridden':
      isTooClose(its, standing(before.courses), ofCourse) && !its.overridden.includes('interval-short'),
    'no more sessions than planned': its.kind === 'course' && performed(ofCourse, 'course').length >= planned(ofCourse),
    'the course was active then, or completed before its maintenance':
      its.kind === 'course' ? !wasActive(its, ofCourse) : statusOf(ofCourse) !== 'completed',
    'pregnancy has no override': isTrueOf('condition', 'pregnancy', on, before),
    'an allergy to what is used has no override': isTrueOf('allergy', 'hyaluronic acid', on, before),
    'what else stands against it was overridden':
      OVERRIDABLE.some(([kind, statement]) => isTrueOf(kind, statement, on, before)) &&
      !(its.overridden.includes('contraindication') && isByPhysician(its, before)),
    'the answers of the check allow it': its.check.pregnancy === 'yes' || !isHoldLifted(its, ofCourse),
    'what was found by its day a physician had let pass before it': isHeldElsewhere(its, standing(before.courses)),
    'depth is in the range, or overridden': its.depthMm > 4 && !its.overridden.includes('depth'),
    'nobody is treated after their death': standing(before.patient).some(
      (each) => each.type === 'PatientDied' && said(each).on < on,
    ),
    'it is past': Date.parse(its.at.instant) > Date.parse(session.recordedAt),
    'it is booked, or nobody had booked it, and was not performed already':
      ofCourse.some((each) => said(each).sessionId === its.sessionId) && !isBooked(its.sessionId, ofCourse),
    'what was overridden has a reason': its.overridden.some((kind: string) => !its.overrideReasons[kind]),
  };
  return Object.keys(wrongs).filter((sentence) => wrongs[sentence]);
}

/** A plan lies in the range of `facial`, or a physician says why; a physician's change is said anew by a physician. */
export function wrongsOfPlan(correction: Entry, before: Before): string[] {
  const its = said(correction);
  const was = standing(before.courses).find((each) => each.header.id === its.corrects) as Entry;
  const { instant } = correction.occurredAt;
  const isMoved = instant !== was.occurredAt.instant;
  const held = standing(before.consultation);
  const isConsentedAt = (at: string) => isConsented(held, dayOf(at), at);
  const isClearedAt = (at: string) =>
    held.some((each) => each.type === 'ConsultationConcluded' && dayOf(each.occurredAt.instant) <= dayOf(at));
  const isOutside = its.plannedSessions < 4 || its.plannedSessions > 5;
  const isNew = its.plannedSessions !== said(was).plannedSessions;
  const wrongs: Record<string, boolean> = {
    'a plan outside the range has a reason':
      correction.type === 'CoursePlannedCorrected' && isOutside && isNew && !its.countReason,
    'a course was planned while a consent held':
      isMoved && !isConsentedAt(instant) && isConsentedAt(was.occurredAt.instant),
    'a course was planned after its consultation was cleared':
      // What stood against it before, as a conclusion that was taken back since, is no matter of its time.
      isMoved && !isClearedAt(instant) && isClearedAt(was.occurredAt.instant),
    'a course has been planned by now': instant > correction.recordedAt,
    'a change of plan is said anew by a physician':
      correction.type === 'CoursePlanChangedCorrected' && roleOf(its.practitionerId, before) !== 'physician',
  };
  return Object.keys(wrongs).filter((sentence) => wrongs[sentence]);
}

/** Of a session that was said anew: what happened is not refused, but it must show. */
export function wrongsOfCorrection(correction: Entry, before: Before, after: Before): string[] {
  const its = said(correction);
  const elsewhere = standing(before.courses.filter((each) => said(each).courseId !== its.courseId));
  const ofCourse = standing(before.courses.filter((each) => said(each).courseId === its.courseId));
  const was = said(ofCourse.find((each) => each.header.id === its.corrects) as Entry);
  const isAsked = its.at.instant !== was.at.instant || JSON.stringify(its.check) !== JSON.stringify(was.check);
  const isUndecided =
    its.check.pregnancy === 'yes' || (its.check['aspirin-or-nsaid'] === 'yes' && !isHoldLifted(its, ofCourse));
  const wrongs: Record<string, boolean> = {
    'a session too close to one of another course shows as a deviation':
      isTooClose(its, elsewhere, ofCourse) && !its.overridden.includes('interval-short'),
    'two identifiers are confirmed': new Set(its.identifiers).size < 2,
    'a yes on which no physician had decided by then waits for a review':
      isAsked && isUndecided !== (its.checkUndecided === true),
    'that a patient turns out to have been pregnant is on record for all courses':
      its.check.pregnancy === 'yes' &&
      was.check.pregnancy !== 'yes' &&
      !isTrueOf('condition', 'pregnancy', its.at.wall.slice(0, 10), after),
  };
  return Object.keys(wrongs).filter((sentence) => wrongs[sentence]);
}

/** Ids of the sessions of a course that come sooner after the one before them than the plan of their time allows. */
export function tooCloseToFormer(events: readonly Entry[]): string[] {
  const entries = standing(events);
  const sessions = performed(entries, 'course').map(said);
  return sessions.slice(1).flatMap((each, n) => {
    const gap = days(sessions[n].at.wall.slice(0, 10), each.at.wall.slice(0, 10));
    return gap < leastDays(entries, each.at.instant) ? [each.sessionId] : [];
  });
}

/** The sentences that the courses of a person break as they stand, whatever was corrected and taken back. */
export function wrongsOfCourse(events: readonly Entry[]): string[] {
  const entries = standing(events);
  const sessions = performed(entries, 'course');
  const booked = entries.filter(({ type }) => type === 'SessionBooked');
  const known = new Map([...booked, ...performed(entries)].map((each) => [said(each).sessionId, said(each)]));
  const numbers = [...known.values()].map(({ kind, number }) => `${kind} ${number}`);
  const open = [...known.values()].filter(({ sessionId, kind }) => kind === 'course' && isBooked(sessionId, entries));
  const isCompleted = statusOf(entries) === 'completed';
  const ended = entries.findLast(({ type }) => isEnd(type))?.occurredAt.instant;
  const start = entries.find(({ type }) => type === 'CoursePlanned')?.occurredAt.instant ?? '';
  const wrongs: Record<string, boolean> = {
    'numbers of sessions are unique': new Set(numbers).size < numbers.length,
    'no more sessions were performed than are planned': sessions.length > planned(entries),
    'a completed course has all its sessions': isCompleted && sessions.length < planned(entries),
    'a completed course has no session open': isCompleted && open.length > 0,
    'no session was before the course was planned': performed(entries).some((each) => said(each).at.instant < start),
    'nothing in a course was before it was planned': entries.some(({ occurredAt }) => occurredAt.instant < start),
    'no session of a course was after it ended': sessions.some((each) => said(each).at.instant > (ended ?? '9')),
    'maintenance comes after a completed course':
      performed(entries, 'maintenance').length > 0 && statusOf(entries) !== 'completed',
    'a course that has lapsed has no session booked': statusOf(entries) === 'lapsed' && open.length > 0,
    'no two sessions of a course began at the same time':
      new Set(performed(entries).map((each) => said(each).at.instant)).size < performed(entries).length,
    'maintenance is on a day after the last session of the course':
      isCompleted &&
      performed(entries, 'maintenance').some(
        (each) => said(each).at.wall.slice(0, 10) <= said(sessions.at(-1) as Entry).at.wall.slice(0, 10),
      ),
    'a session is performed once':
      new Set(performed(entries).map((each) => said(each).sessionId)).size < performed(entries).length,
  };
  return Object.keys(wrongs).filter((sentence) => wrongs[sentence]);
}

/** Of the end of a course, whenever it is entered: it came after the plan and the sessions, and is no prophecy. */
export function wrongsOfEnd(end: Entry, before: Before): string[] {
  const ofCourse = standing(before.courses.filter((each) => said(each).courseId === said(end).courseId));
  const { instant } = end.occurredAt;
  const wrongs: Record<string, boolean> = {
    'a course ends after its last session': performed(ofCourse, 'course').some(
      (each) => said(each).at.instant.slice(0, 16) > instant,
    ),
    'a course ends after it was planned': ofCourse.some(
      ({ type, occurredAt }) => type === 'CoursePlanned' && occurredAt.instant > instant,
    ),
    'a course has ended by now': instant > end.recordedAt,
  };
  return Object.keys(wrongs).filter((sentence) => wrongs[sentence]);
}

/** Whether an event ends a course. */
export const isEnd = (type: string): boolean => ENDS[type] !== undefined;

/** Under `facial` a course may be called lapsed after so many days without a session. */
const LAPSE_DAYS = 90;

/** A course that was stopped was active until then; one that lapsed, until it had no session any more that would have kept it. */
function wasActive(its: Said, ofCourse: readonly Entry[]): boolean {
  const ended = ofCourse.findLast(({ type }) => isEnd(type));
  if (!ended) return true;
  const { instant } = ended.occurredAt;
  if (its.at.instant > instant) return false;
  if (ended.type === 'CourseStopped') return true;
  return ended.type === 'CourseLapsed' && days(its.at.wall.slice(0, 10), dayOf(instant)) > LAPSE_DAYS;
}

/** Performed sessions that stand, in the order in which they took place. */
export const performed = (entries: readonly Entry[], kind?: string): Entry[] =>
  entries
    .filter((each) => each.type === 'SessionPerformed' && (kind === undefined || said(each).kind === kind))
    .sort((a, b) =>
      said(a).at.instant < said(b).at.instant
        ? -1
        : said(a).at.instant > said(b).at.instant
          ? 1
          : said(a).number - said(b).number,
    );

const planned = (entries: readonly Entry[]): number =>
  said(entries.findLast(({ type }) => type === 'CoursePlanned' || type === 'CoursePlanChanged') as Entry)
    .plannedSessions;

const ENDS: Record<string, string> = { CourseCompleted: 'completed', CourseStopped: 'stopped', CourseLapsed: 'lapsed' };
export const statusOf = (entries: readonly Entry[]): string =>
  ENDS[entries.findLast(({ type }) => ENDS[type] !== undefined)?.type ?? ''] ?? 'active';

const CHANGES: Record<string, boolean> = {
  SessionBooked: true,
  SessionRescheduled: true,
  SessionMissed: false,
  SessionCancelled: false,
};
/** Whether a session is waiting for its day: it was booked, and neither performed, missed nor cancelled since. */
function isBooked(sessionId: string, entries: readonly Entry[]): boolean {
  const its = entries.filter((each) => said(each).sessionId === sessionId);
  if (!its.some(({ type }) => type === 'SessionBooked') || performed(its).length > 0) return false;
  return CHANGES[its.findLast(({ type }) => CHANGES[type] !== undefined)?.type ?? ''] ?? false;
}

function isConsented(consultation: readonly Entry[], on: string, at: string): boolean {
  const signed = consultation.filter(({ type, data }) => type === 'ConsentSigned' && String(data.signedOn) <= on);
  const latest = signed.reduce<Said>(
    (last, each) => (last && last.signedOn > said(each).signedOn ? last : said(each)),
    undefined,
  );
  if (!latest || (latest.validUntil !== null && latest.validUntil < on)) return false;
  return !consultation.some(({ type, occurredAt: { instant } }) => {
    const day = dayOf(instant);
    return type === 'ConsentWithdrawn' && latest.signedOn < day && instant <= at;
  });
}

function isGoodLot(used: Said, siteId: string, on: string, { lots, recalls }: Before): boolean {
  const isNamed = (each: Said) => each.product === used.product && each.lotNumber === used.lotNumber;
  const received = standing(lots).some(
    (each) =>
      each.type === 'LotReceived' &&
      isNamed(said(each)) &&
      said(each).siteId === siteId &&
      said(each).receivedOn <= on &&
      on <= said(each).expiresOn,
  );
  const plain = (name: string) => name.toLowerCase().replaceAll(' ', '').replaceAll('-', '');
  const isNumber = (each: Said) =>
    plain(each.product) === plain(used.product) && plain(each.lotNumber) === plain(used.lotNumber);
  const notices = standing(recalls).filter((each) => isNumber(said(each)));
  let isRecalled = false;
  for (const each of notices) {
    if (each.type === 'LotRecalled' && said(each).recalledOn <= on) isRecalled = true;
    if (each.type === 'LotRecallLifted' && said(each).liftedOn <= on) isRecalled = false;
  }
  return received && !isRecalled;
}

/** More than was counted at the receipt, less what all other sessions that stand have used of it. */
function isTooMuch(used: Said, its: Said, { lots, courses }: Before): boolean {
  const isNamed = (each: Said) => each.product === used.product && each.lotNumber === used.lotNumber;
  const receipt = standing(lots).find((each) => each.type === 'LotReceived' && isNamed(said(each)));
  if (receipt?.data.volumeMl === undefined) return false;
  const others = performed(standing(courses)).filter((each) => said(each).sessionId !== its.sessionId);
  const products = [its, ...others.map(said)].flatMap((each) => each.products.filter(isNamed));
  const sum = products.reduce((total: number, each: Said) => total + (each.volumeMl ?? 0), 0);
  return used.volumeMl !== undefined && sum > said(receipt).volumeMl;
}

/** As at the time of a session: one had come, and nobody had closed it; on its own day, one that was on record. */
function wasAdverseEventOpen(at: Said, { patient, courses }: Pick<Before, 'patient' | 'courses'>): boolean {
  const fates = standing(patient);
  const day = at.wall.slice(0, 10);
  const reported = fates
    .filter(({ type }) => type === 'AdverseEventReported')
    .filter((each) => said(each).onsetOn < day || (said(each).onsetOn === day && each.recordedAt <= at.instant))
    .map((each) => said(each).adverseEventId);
  const found = standing(courses)
    .filter((each) => each.type === 'FollowUpHeld' && said(each).adverseEvent !== undefined)
    .filter((each) => said(each).at.instant <= at.instant)
    .map((each) => said(each).followUpId);
  return [...reported, ...found].some((id) => {
    const last = fates
      .filter((each) => said(each).adverseEventId === id && each.occurredAt.instant <= at.instant)
      .findLast(({ type }) => ['AdverseEventClosed', 'AdverseEventReopened'].includes(type));
    return last?.type !== 'AdverseEventClosed';
  });
}

const roleOf = (id: string | undefined, { practitioners }: Before): string | undefined =>
  said(
    practitioners.find((each) => each.type === 'PractitionerRegistered' && said(each).practitionerId === id) ??
      ({ data: {} } as Entry),
  ).role;

const isByPhysician = (its: Said, before: Before): boolean =>
  [its.practitionerId, its.orderedBy].some(
    (id) => roleOf(id, before) === 'physician' && isCredentialed(id, its.at.wall.slice(0, 10), before),
  );

/** Grants and revocations in the order in which they were recorded: a grant after a revocation counts again. */
function isCredentialed(id: string, on: string, { practitioners }: Before): boolean {
  let holds = false;
  for (const each of standing(practitioners.filter((event) => said(event).practitionerId === id))) {
    if (each.type === 'CredentialGranted' && said(each).validFrom <= on && (said(each).validTo ?? on) >= on)
      holds = true;
    if (each.type === 'CredentialRevoked' && said(each).from <= on) holds = false;
  }
  return holds;
}

/** Sessions of the procedure are 14 days apart, in whichever course of the person. */
/** @param ofCourse whose plan says how close is too close, at the time of the later of two sessions */
function isTooClose(its: Said, among: readonly Entry[], ofCourse: readonly Entry[]): boolean {
  if (its.kind !== 'course') return false;
  const others = performed(among, 'course').map(said);
  const last = others.findLast(({ at }) => at.instant <= its.at.instant);
  const next = others.find(({ at }) => at.instant > its.at.instant);
  return [[last, its] as const, [its, next] as const].some(
    ([former, later]) =>
      former &&
      later &&
      days(former.at.wall.slice(0, 10), later.at.wall.slice(0, 10)) < leastDays(ofCourse, later.at.instant),
  );
}

/** As the plan has it that had been made by a minute, else the first; `facial` asks for 14. */
function leastDays(ofCourse: readonly Entry[], instant: string): number {
  const plans = ofCourse
    .filter(({ type }) => type === 'CoursePlanned' || type === 'CoursePlanChanged')
    .sort((a, b) => Date.parse(a.occurredAt.instant) - Date.parse(b.occurredAt.instant));
  const held = plans.findLast(({ occurredAt }) => occurredAt.instant.slice(0, 16) <= instant.slice(0, 16)) ?? plans[0];
  return held ? (said(held).intervalDays?.min ?? 14) : 14;
}

function isTrueOf(kind: string, statement: string, on: string, { patient }: Before): boolean {
  const entries = standing(patient);
  return entries.some((each) => {
    const fact = said(each);
    if (each.type !== 'HealthFactRecorded' || fact.kind !== kind || fact.statement !== statement) return false;
    const ended = entries.findLast((end) => end.type === 'HealthFactEnded' && said(end).factId === fact.factId);
    const until = ended ? said(ended).until : fact.until;
    return (fact.since === null || fact.since <= on) && (until === null || on <= until);
  });
}

/**
 * A session that was held waits for a physician, wherever it is moved; what one let pass is asked anew on another day. What
 * was found on the day itself is recorded as it was found.
 */
function isHoldLifted(its: Said, ofCourse: readonly Entry[]): boolean {
  let hold: Said;
  let day = '';
  for (const each of ofCourse.filter((event) => said(event).sessionId === its.sessionId)) {
    if (each.type === 'SessionBooked') day = said(each).at.wall.slice(0, 10);
    if (each.type === 'SessionHeld')
      hold = { positive: said(each).positive, on: dayOf(each.occurredAt.instant), decisions: [] };
    if (each.type === 'SessionHoldDecided') hold?.decisions.push(each);
    if (each.type === 'SessionRescheduled') {
      const moved = said(each).at.wall.slice(0, 10);
      if (moved !== day && hold && isProceed(hold.decisions.at(-1))) hold = undefined;
      day = moved;
    }
  }
  const isYes = its.check['aspirin-or-nsaid'] === 'yes';
  if (!hold) return !isYes;
  const isFound = hold.positive.includes('aspirin-or-nsaid');
  // What a physician said since then was not said when it began.
  const decision = hold.decisions.findLast(({ occurredAt }: Entry) => isBy(occurredAt.instant, its));
  const isHidden = isFound && !isYes && hold.on === its.at.wall.slice(0, 10);
  return isProceed(decision) && !isHidden && (!isYes || isFound);
}

const isProceed = (decided: Entry | undefined): boolean =>
  decided !== undefined && said(decided).decision === 'proceed';

/** A wall time has minutes. */
const minute = (instant: string): string => instant.slice(0, 'yyyy-mm-ddThh:mm'.length);

const isBy = (instant: string, its: Said): boolean => minute(instant) <= minute(its.at.instant);

/**
 * What was found last in a course, of whichever session, stands against all others of the person: until one that was held
 * for it was performed, or a physician lets one go on that was held for it, in whichever course, and says nothing else
 * after that. There is one question only for which a session is held.
 */
function isHeldElsewhere(its: Said, courses: readonly Entry[]): boolean {
  const on: string = its.at.wall.slice(0, 10);
  const all = courses.filter((each) => each.type === 'SessionHeld' && dayOf(each.occurredAt.instant) <= on);
  const decisionOn = (held: Entry): Entry | undefined =>
    courses.findLast(
      (each) =>
        each.type === 'SessionHoldDecided' &&
        said(each).sessionId === said(held).sessionId &&
        each.position > held.position &&
        isBy(each.occurredAt.instant, its),
    );
  const isPerformed = (held: Entry): boolean =>
    courses.some(
      (each) =>
        each.type === 'SessionPerformed' &&
        said(each).sessionId === said(held).sessionId &&
        isBy(said(each).at.instant, its),
    );
  return [...new Set(all.map((each) => said(each).courseId))].some((courseId) => {
    const holds = all.filter((each) => said(each).courseId === courseId);
    const last = holds.reduce((latest, { occurredAt: { instant } }) => (instant > latest ? instant : latest), '');
    const standingOf = holds.filter(({ occurredAt }) => occurredAt.instant === last);
    if (standingOf.some((held) => isPerformed(held) || isProceed(decisionOn(held)))) return false;
    const decided = Math.max(0, ...standingOf.map((held) => decisionOn(held)?.position ?? 0));
    return !all.some((held) => {
      const decision = decisionOn(held);
      return held.occurredAt.instant >= last && isProceed(decision) && (decision?.position ?? 0) > decided;
    });
  });
}
