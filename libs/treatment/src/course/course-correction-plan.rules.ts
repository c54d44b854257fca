import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import { type Instant, localDateAt, type ZonedTime, zonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { ConsultationState } from '../consultation/consultation.state.js';
import { atSite, endOfPerson, type Person } from '../patient/person.js';
import { isTreatingPhysician, type PractitionerState } from '../practitioner/practitioner.state.js';
import type { VersionTerm } from '../protocol/protocol.state.js';
import type { SiteState } from '../site/site.state.js';
import { rangeFields, standingAgainst } from './course-plan.decider.js';
import type { CourseRefusal } from './course.errors.js';
import type { Compositions } from './planned-ingredients.rules.js';

/** What the time at which a course was planned is judged by, where it is said anew. */
export interface PlanWorld {
  /** That the plan names, whatever the course has come to rest on since. */
  readonly consultation: ConsultationState;
  /** Of the course. */
  readonly site: Extract<SiteState, { status: 'registered' }>;
  /** Who planned it. */
  readonly practitioner: PractitionerState;
  /** From when to when courses were planned with the version of its protocol. */
  readonly term: VersionTerm | undefined;
  /** Of the products of the plan; left out: nothing is known of any. */
  readonly compositions?: Compositions | undefined;
}

type Around = PlanWorld & { readonly protocol: Protocol; readonly person: Person };
type Plan = Parameters<typeof rangeFields>[1] & Pick<Parameters<typeof standingAgainst>[1], 'products'>;
type Reasons = Parameters<typeof rangeFields>[2];

/**
 * What stands against another time of a plan: what stands against one that is entered late (`planCourse`). What stood
 * against it before is no matter of its time, as in an old history whose consultation nobody has concluded.
 * @param reasons that a physician gives with the correction
 */
export function movedPlanFields(
  plan: Plan,
  around: Around,
  moved: { readonly was: Instant; readonly at: ZonedTime },
  reasons: Reasons,
): ErrorField[] {
  const { was, at } = moved;
  const before = new Set(againstPlanAt(plan, around, was).map(keyOf));
  const anew = againstPlanAt(plan, around, at.instant).filter((field) => !before.has(keyOf(field)));
  return [
    ...anew.map((field) => ({ ...field, field: 'at' })),
    ...versionFields(around, moved),
    ...reasonFields(plan, around, moved, reasons),
  ];
}

const keyOf = ({ rule, seen }: CourseRefusal): string => JSON.stringify([rule, seen]);

function againstPlanAt({ products }: Plan, around: Around, now: Instant): CourseRefusal[] {
  const { consultation, person, protocol, site, compositions } = around;
  if (consultation.status === 'none') return [];
  const { diedOn } = endOfPerson(person);
  const by = { protocol, person: atSite(person, site, now), diedOn, compositions, products };
  return standingAgainst(consultation, by, { today: localDateAt(now, site.timeZone), now });
}

/** The version that the course keeps was one to plan with by then. */
function versionFields({ protocol, term }: Around, { was, at }: { was: Instant; at: ZonedTime }): ErrorField[] {
  const { from = null, until = null } = term ?? {};
  const named = `Version ${protocol.version} of the protocol ${protocol.code}`;
  const field = { field: 'at', facts: [], seen: at.wall };
  if (from !== null && at.instant < from && was >= from) {
    const since = zonedTime(from, at.zone).wall;
    const message = `${named} was published at ${since} only.`;
    return [{ ...field, message, rule: 'protocol.published-then', accepted: `${since} or later` }];
  }
  if (until !== null && at.instant >= until && was < until) {
    const since = zonedTime(until, at.zone).wall;
    const message = `${named} was retired at ${since}: no course was planned with it from then on.`;
    return [{ ...field, message, rule: 'protocol.retired', accepted: `a time before ${since}` }];
  }
  return [];
}

/** What lies outside the protocol's ranges by a physician's reason, who could give it on that day. */
function reasonFields(
  plan: Plan,
  { protocol, practitioner, site }: Around,
  { was, at }: { was: Instant; at: ZonedTime },
  reasons: Reasons,
): CourseRefusal[] {
  const mayOn = (now: Instant) => isTreatingPhysician(practitioner, protocol, localDateAt(now, site.timeZone));
  return mayOn(was) && !mayOn(at.instant) ? rangeFields(protocol, plan, reasons) : [];
}

/**
 * What of a course would come before its plan. An old history may hold something that did so already.
 * @param before the entries as they read
 * @param after as they would read
 */
export function beforePlan(before: readonly RecordedEvent[], after: readonly RecordedEvent[]): CourseRefusal[] {
  const [was, is] = [plannedIn(before), plannedIn(after)];
  if (was === undefined || is === undefined) return [];
  const early = new Set(
    before.flatMap(({ header, occurredAt }) => (occurredAt.instant < was.instant ? header.id : [])),
  );
  const [first] = after
    .filter(({ header, occurredAt }) => occurredAt.instant < is.instant && !early.has(header.id))
    .sort((a, b) => (a.occurredAt.instant < b.occurredAt.instant ? -1 : 1));
  if (!first) return [];
  const zone = is.time?.zone ?? first.occurredAt.time?.zone ?? 'UTC';
  const shown = (instant: Instant) => zonedTime(instant, zone).wall;
  const entered = shown(first.occurredAt.instant);
  return [
    {
      field: 'at',
      message: `The plan would come after what is entered in the course (${first.type} of ${entered}).`,
      rule: 'correction.plan-first',
      facts: [],
      seen: shown(is.instant),
      accepted: `${entered} or earlier, or that entry corrected first`,
    },
  ];
}

const plannedIn = (history: readonly RecordedEvent[]) =>
  history.find(({ type }) => type === 'CoursePlanned')?.occurredAt;
