import { isErased } from '#libs/event-store/src/personal-data.js';
import type { ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { isLifted, isSaidAfter, type PlannedCourse, type SessionHold, standingHold } from './course.state.js';
import type { SessionWorld } from './session-finding.js';

/** What a hold is judged by: the protocol of the course that is asked, and the person's other courses at any site. */
export type HoldWorld = {
  readonly protocol: Pick<Protocol, 'preSession'>;
  readonly otherCourses: SessionWorld['otherCourses'];
};

/**
 * The hold that stands against a session: its own, or that of another session of the person, in this course or another.
 * What the check found of the patient on the day of one session is not answered by treating in another. What has no
 * override stands in the patient's record, where it is resolved, and against other sessions from there.
 * @param own of the session itself
 * @param by when the session began; left out: by now
 */
export function holdAgainst(
  course: PlannedCourse,
  own: SessionHold | undefined,
  world: HoldWorld,
  by?: ZonedTime,
): SessionHold | undefined {
  return own && !own.isAskedAnew && !isLifted(own, by) ? own : holdOfPerson(course, world, by);
}

/**
 * What stands with a person: the latest hold of each course, but for the questions with which a physician has decided to
 * go on since, in whichever course. Whatever was said last, counts.
 * @param by when a session began; left out: by now
 * @returns the latest of these holds, with the questions of all of them that this protocol asks as well
 */
export function holdOfPerson(
  course: PlannedCourse,
  { protocol, otherCourses }: HoldWorld,
  by?: ZonedTime,
): SessionHold | undefined {
  const courses = [course, ...otherCourses];
  const standing = courses
    .flatMap((each) => standingHold(each, by) ?? [])
    .sort((a, b) => (a.at === b.at ? (isSaidAfter(a, b, by) ? 1 : -1) : a.at > b.at ? 1 : -1));
  // Almost nobody is held: the sessions of all courses are looked through for those alone.
  if (standing.length === 0) return undefined;
  const lifted = courses
    .flatMap(({ sessions }) => sessions)
    .flatMap(({ hold }) => (hold && isLifted(hold, by) ? [hold] : []));
  const open = standing
    .map((hold) => ({ ...hold, positive: unanswered(hold, lifted, protocol, by) }))
    .filter(({ positive }) => isErased(positive) || positive.length > 0);
  const latest = open.at(-1);
  const erased = open.map(({ positive }) => positive).find(isErased);
  if (!latest || erased) return latest && { ...latest, positive: erased ?? latest.positive };
  const found = open.flatMap(({ positive }) => (isErased(positive) ? [] : positive));
  return { ...latest, positive: [...new Set(found)].sort() };
}

/** Of what was asked then or before, a physician has decided later to go on with it. */
function unanswered(
  hold: SessionHold,
  lifted: readonly SessionHold[],
  protocol: HoldWorld['protocol'],
  by: ZonedTime | undefined,
): SessionHold['positive'] {
  const later = lifted.filter((each) => each.at >= hold.at && isSaidAfter(each, hold, by));
  const found = goesOver(hold, protocol).filter(
    (code) => !later.some(({ positive }) => isErased(positive) || positive.includes(code)),
  );
  return isErased(hold.positive) && found.length > 0 ? hold.positive : found;
}

/**
 * What of a hold stands against other sessions as well: what may be decided on, and is asked there too. Where it cannot be
 * read any more, all that may be asked.
 */
export function goesOver({ positive }: SessionHold, { preSession }: HoldWorld['protocol']): string[] {
  const asked = preSession.checks.filter(({ overridable }) => overridable).map(({ code }) => code);
  return isErased(positive) ? asked : positive.filter((code) => asked.includes(code));
}
