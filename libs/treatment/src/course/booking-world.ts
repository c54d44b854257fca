import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { atSite, loadPerson, openAdverseEvents } from '../patient/person.js';
import { requirePractitioner } from '../practitioner/require-practitioner.js';
import type { SiteState } from '../site/site.state.js';
import { maintenanceEndOf } from './course-maintenance.service.js';
import type { SessionKind } from './course.events.js';
import type { PlannedCourse } from './course.state.js';
import type { BookingWorld } from './session.decider.js';
import { openFollowUpEvents } from './session-person.rules.js';
import { consultationsOf, otherCoursesOf, protocolOfCourse } from './session-standing.js';

/** What a booking of a course is judged by; the person's other courses, and what ends maintenance, matter to it alone. */
export async function bookingWorld(
  reads: Reads,
  state: PlannedCourse,
  kind: SessionKind,
  practitionerId: Id,
  { site, at }: { readonly site: SiteState; readonly at: ZonedTime },
): Promise<BookingWorld> {
  const [practitioner, consulted, protocol, registrations] = await Promise.all([
    requirePractitioner(reads, practitionerId),
    consultationsOf(reads, state),
    protocolOfCourse(reads, reads.chain, state),
    loadPerson(reads, state.patientId),
  ]);
  const person = atSite(registrations, site, at.instant);
  const others = kind === 'maintenance' ? await otherCoursesOf(reads, reads.chain, state, person) : [];
  const found = [state, ...others].flatMap((each) => openFollowUpEvents(each, person));
  const reported = openAdverseEvents(person).map(({ adverseEventId }) => adverseEventId);
  const open = [...new Set([...reported, ...found.map(({ followUpId }) => followUpId)])];
  const end = kind === 'maintenance' ? await maintenanceEndOf(reads, state, registrations) : undefined;
  // Nobody is treated after their death, in maintenance or not: that is a rule of any session.
  const maintenance = end && { ...end, person: { ...end.person, diedOn: null } };
  const world = { practitioner, ...consulted, protocol, person, openAdverseEvents: open };
  return maintenance ? { ...world, maintenance } : world;
}
