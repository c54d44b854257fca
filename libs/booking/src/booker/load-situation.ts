import type { Reads } from '#libs/cqrs/src/command-runner.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, localDateAt } from '#libs/kernel/src/zoned-time.js';
import {
  allowedFrom,
  cappedUntil,
  consultationWithdrawals,
  invitationFold,
  invitationStream,
} from '#libs/messaging/src/proposals.contract.js';
import {
  coursesOf,
  courseWindow,
  declinesOver,
  endOfPerson,
  laterCourseBegan,
  loadPerson,
  type Person,
  type PlannedCourse,
  protocolOfCourse,
  requireSite,
} from '#libs/treatment/src/booking.contract.js';
import { consultationStream, courseFold, courseStream } from '#libs/treatment/src/streams.contract.js';
import { loadSlots } from '../slot/load-slots.js';
import { slotIdOf, slotStream, type ReleaseReason } from '../slot/slot.events.js';
import { slotFold } from '../slot/slot.state.js';
import type { Situation } from './next-step.js';

/**
 * Reads everything from which it follows what is to be done about the maintenance of a course, and thereby guards it.
 * @param lastSlotId the slot that was held last for the course, in whatever window
 * @returns undefined where the course was never planned
 */
export async function loadSituation(reads: Reads, courseId: Id, lastSlotId: Id | null): Promise<Situation | undefined> {
  const { state: course } = await reads.load(courseStream(courseId), courseFold);
  if (course.status === 'none') return undefined;
  const { now } = reads;
  const [protocol, person, site] = await Promise.all([
    protocolOfCourse(reads, reads.chain, course),
    loadPerson(reads, course.patientId),
    requireSite(reads, course.siteId),
  ]);
  const ended = await endOfMaintenance(reads, course, person, site.timeZone);
  const current = courseWindow(course, protocol);
  const { proposal } = course;
  const isProposed = proposal?.opens === current?.opens && proposal?.closes === current?.closes;
  const window = (isProposed && proposal) || null;
  const slots = window ? await loadSlots(reads, courseId, window.ordinal) : [];
  const isOfWindow = slots.some((_, n) => slotIdOf(courseId, window?.ordinal ?? 0, n + 1) === lastSlotId);
  const former = lastSlotId === null || isOfWindow ? null : (await reads.load(slotStream(lastSlotId), slotFold)).state;
  const askFrom = await askedFrom(reads, course, person, site);
  return { now, course, protocol, site, window, ended, askFrom, slots, former };
}

/** Why there is no maintenance of a course any more; null where there is. */
async function endOfMaintenance(
  reads: Reads,
  course: PlannedCourse,
  person: Person,
  zone: string,
): Promise<ReleaseReason | null> {
  const today = localDateAt(reads.now, zone);
  const { diedOn, movedAwayOn } = endOfPerson(person);
  const isGone = (day: string | null) => day !== null && day <= today;
  if (isGone(diedOn) || isGone(movedAwayOn)) return 'patient-gone';
  if (person.patients.some(({ identity }) => isErased(identity))) return 'patient-gone';
  if (course.maintenanceDeclined) return 'declined';
  if (course.status === 'stopped' || course.status === 'lapsed') return 'course-ended';
  const { state: consent } = await reads.load(consultationStream(course.consultationId), consultationWithdrawals);
  if (consent.procedures.includes(course.protocol.code)) return 'consent-withdrawn';
  const others = await coursesOf(reads, person);
  if ((await declinesOver(reads, course, others)).length > 0) return 'declined';
  return isGone(laterCourseBegan(course, others)) ? 'course-ended' : null;
}

/**
 * From when on the patient may be asked; null: they are not to be written to. A time is held only then: a hold that runs out while its message waits for the
 * morning, or for the cap, would ask nobody.
 */
async function askedFrom(
  reads: Reads,
  { patientId }: PlannedCourse,
  { patients }: Person,
  { quietHours, openingHours, timeZone, recallRules }: Situation['site'],
): Promise<Instant | null> {
  const patient = patients.find((each) => each.patientId === patientId);
  const channel = patient?.contact.choices.channels.recall ?? patient?.preference.channel;
  const isOptedOut = patients.some(({ contact }) => contact.optedOut.includes('recall'));
  const identity = patient?.identity;
  const address =
    identity === undefined || isErased(identity) ? undefined : channel === 'sms' ? identity.phone : identity.email;
  const isStopped = channel === 'sms' && patients.some(({ contact }) => contact.smsStopped);
  const isReachable = patient?.preference.contactConsent === true && channel !== 'none' && !isOptedOut && !isStopped;
  if (!isReachable || !address) return null;
  const counted = await Promise.all(
    patients.map((each) => reads.load(invitationStream(each.patientId), invitationFold)),
  );
  const invitations = counted.flatMap(({ state }) => state);
  const allowed = allowedFrom(reads.now, {
    quietHours,
    patientZone: patient.contact.choices.timeZone ?? timeZone,
    openingHours,
    siteZone: timeZone,
    // No message that was counted already: the next one is new.
    cappedUntil: cappedUntil(invitations, recallRules.cap, { messageId: '', now: reads.now, zone: timeZone }),
  });
  if (allowed.kind === 'never') return null;
  return allowed.kind === 'now' ? reads.now : allowed.until.instant;
}
