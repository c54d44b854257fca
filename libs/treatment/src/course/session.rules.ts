import { dateOfWall, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { ConsultationState } from '../consultation/consultation.state.js';
import type { PlannedProduct, SessionKind } from './course.events.js';
import type { PlannedCourse, SessionHold } from './course.state.js';
import type { Finding, SessionFacts, SessionWorld } from './session-finding.js';
import { ingredientsIn, lotFindings, plannedLot, volumes } from './session-lots.rules.js';
import { consent, credential, screening, stepCredentials } from './session-permission.rules.js';
import { adverseEvents, adverseEventsAt, contraindications, personGone } from './session-person.rules.js';
import { device, intervals, measures, steps } from './session-protocol.rules.js';

/** Everything that stands against performing a session, judged before it is recorded. */
export function sessionFindings(course: PlannedCourse, world: SessionWorld, session: SessionFacts): Finding[] {
  return [
    ...intervals(course, world, session),
    ...measures(world, session),
    ...device(world, session),
    ...steps(world, session),
    ...credential(course, world, session),
    ...stepCredentials(course, world, session),
    ...consent(course, world, session),
    ...screening(course, world, session),
    ...session.products.flatMap((used, n) =>
      lotFindings(world.lots[n], used, `products.${n}.lotNumber`, `products.${n}.vialId`, session),
    ),
    ...volumes(world.lots, session.products),
    ...contraindications(world, dateOfWall(session.at.wall), ingredientsIn(world.lots)),
    ...adverseEventsAt(course, world, session),
    ...personGone(world, session),
  ];
}

/** Of the products that the consultation considered: what is planned, as far as anybody said. */
export const ingredientsConsidered = (consultation: ConsultationState): string[] =>
  consultation.status === 'none'
    ? []
    : (consultation.considered?.ingredients ?? []).flatMap((each) => each.ingredients);

/**
 * What stands against a session that is booked, as far as it can be known before it: it blocks the session and holds its
 * messages until it is gone.
 */
export function standingFindings(
  course: PlannedCourse,
  world: Omit<SessionWorld, 'orderedBy'>,
  session: {
    readonly kind: SessionKind;
    readonly at: ZonedTime;
    readonly hold: SessionHold | undefined;
    /** What it is planned with, as far as lots were named; in the order of `world.lots`. */
    readonly planned: readonly PlannedProduct[];
  },
): Finding[] {
  const ingredients = [...ingredientsConsidered(world.consultation), ...ingredientsIn(world.lots)];
  return [
    ...ended(course, session.kind),
    ...credential(course, world, session),
    ...consent(course, world, session),
    ...screening(course, world, session),
    ...contraindications(world, dateOfWall(session.at.wall), ingredients),
    ...adverseEvents(course, world),
    ...personGone(world, session),
    ...heldSession(session.hold),
    ...session.planned.flatMap((product, n) => plannedLot(world.lots[n], product, session)),
  ];
}

/** A course that has ended has no session to come, but maintenance once it was completed. */
function ended({ status }: PlannedCourse, kind: SessionKind): Finding[] {
  if (status === (kind === 'course' ? 'active' : 'completed')) return [];
  return [
    {
      rule: 'course.not-active',
      deviation: null,
      field: 'course',
      message: `The course is ${status}.`,
      facts: [],
      override: 'none',
      seen: status,
      accepted: kind === 'course' ? 'an active course' : 'a completed course',
    },
  ];
}

/** The pre-treatment check found something, and no physician has decided to go on (S0-P1). */
export function heldSession(hold: SessionHold | undefined): Finding[] {
  if (!hold || hold.decision === 'proceed') return [];
  return [
    {
      rule: 'session.held',
      deviation: null,
      field: 'session',
      message: hold.decision ? 'A physician has decided not to treat.' : 'The session waits for a physician to decide.',
      facts: ['S0-P1'],
      override: 'none',
      seen: hold.decision ?? 'undecided',
      accepted: 'a physician’s decision to proceed',
    },
  ];
}
