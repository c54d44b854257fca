import { dateOfWall, type LocalDate, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { PlannedProduct, SessionKind } from './course.events.js';
import type { PlannedCourse, SessionHold } from './course.state.js';
import { maintenanceEnded } from './maintenance-end.rules.js';
import { type Compositions, ingredientsPlanned } from './planned-ingredients.rules.js';
import type { Finding, SessionFacts, SessionWorld } from './session-finding.js';
import { ingredientsIn, lotFindings, plannedLot, volumes } from './session-lots.rules.js';
import { consent, credential, screening, stepCredentials } from './session-permission.rules.js';
import { adverseEvents, adverseEventsAt, contraindications, personGone } from './session-person.rules.js';
import { device, intervals, measures, steps } from './session-protocol.rules.js';
import { holdAgainst } from './standing-hold.rules.js';

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
    ...screening(course, world, session, session.at.instant),
    ...session.products.flatMap((used, n) =>
      lotFindings(world.lots[n], used, `products.${n}.lotNumber`, `products.${n}.vialId`, session),
    ),
    ...volumes(world.lots, session.products),
    ...contraindications(world, dateOfWall(session.at.wall), ingredientsIn(world.lots), session.at.instant),
    ...adverseEventsAt(course, world, session),
    ...personGone(world, session),
  ];
}

/**
 * What stands against a session that is booked, as far as it can be known before it: it blocks the session and holds its
 * messages until it is gone.
 */
export function standingFindings(
  course: PlannedCourse,
  world: Omit<SessionWorld, 'orderedBy'> & {
    /** Of the products whose composition no lot of the session tells; left out: nothing is known of any. */
    readonly compositions?: Compositions;
  },
  session: {
    readonly kind: SessionKind;
    readonly at: ZonedTime;
    readonly hold: SessionHold | undefined;
    /** What it is planned with, as far as lots were named; in the order of `world.lots`. */
    readonly planned: readonly PlannedProduct[];
    /** Products that it is planned with, without a lot or with one that has not come; left out: none. */
    readonly withoutLot?: readonly string[];
  },
): Finding[] {
  const ingredients = [...ingredientsPlanned(world, session.withoutLot ?? []), ...ingredientsIn(world.lots)];
  return [
    ...ended(course, session.kind),
    ...declined(course, session.kind, dateOfWall(session.at.wall)),
    ...credential(course, world, session),
    ...consent(course, world, session),
    ...screening(course, world, session),
    ...contraindications(world, dateOfWall(session.at.wall), ingredients),
    ...adverseEvents(course, world),
    ...personGone(world, session),
    ...heldSession(holdAgainst(course, session.hold, world)),
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

/** What was booked before the patient declined is cancelled, or maintenance resumed; nobody is reminded of it meanwhile. */
const declined = (course: PlannedCourse, kind: SessionKind, on: LocalDate): Finding[] =>
  kind === 'maintenance'
    ? maintenanceEnded(course, undefined, on).map((each) => ({ ...each, deviation: null, override: 'none' }))
    : [];

/** The pre-treatment check found something, and no physician has decided to go on (S0-P1). */
export function heldSession(hold: SessionHold | undefined): Finding[] {
  if (!hold) return [];
  return [
    {
      rule: 'session.held',
      deviation: null,
      field: 'session',
      message: HELD[hold.decision ?? 'undecided'],
      facts: ['S0-P1'],
      override: 'none',
      seen: hold.decision ?? 'undecided',
      accepted: 'a physician’s decision to proceed',
    },
  ];
}

const HELD = {
  undecided: 'What the check found waits for a physician to decide.',
  'do-not-treat': 'A physician has decided not to treat.',
  proceed: 'A physician decided to go on only after it had begun.',
};
