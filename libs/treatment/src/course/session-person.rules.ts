import { dateOfWall, type Instant, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import { blockingFindings, reviewFindings } from '#libs/protocols/src/contraindication.rule.js';
import { type AdverseEventState, isClosedAt } from '../adverse-event/adverse-event.state.js';
import type { ContraindicationOverride } from '../consultation/consultation.state.js';
import { saysMore } from '../consultation/override.rules.js';
import { endOfPerson, healthKnownOn, healthOn, openAdverseEvents, type Person } from '../patient/person.js';
import type { FollowUp, PlannedCourse } from './course.state.js';
import { consultationOn } from './rested-consultation.rules.js';
import type { Finding, SessionFacts, SessionWorld } from './session-finding.js';
import { hasComeBy } from './session-times.rules.js';

/**
 * Blocking contraindications (S0-C1 to S0-C8), with the ingredients of the lots that are used (S0-C5); what no list knows
 * holds the session until a physician has looked at it (S4-C1, S0-G1). What holds on the day of the session counts, in
 * whichever registration of the person it stands. What a physician has overridden in the consultation is not asked for
 * again; what was learned after that was not accepted by it, and it accepts nothing that took place before it was given.
 * @param by when the session began; left out for one that is still to come, which is asked by its day
 */
export function contraindications(
  world: Pick<SessionWorld, 'protocol' | 'person' | 'consultation' | 'formerConsultations'>,
  on: LocalDate,
  ingredients: readonly string[],
  by?: Instant,
): Finding[] {
  const { protocol, person } = world;
  const consultation = consultationOn(world, on, by);
  const answers = healthOn(person, on);
  if (answers === 'erased') {
    return [
      {
        rule: 'session.health-erased',
        deviation: null,
        field: 'patient',
        message: 'The health record of the patient was erased: nobody can tell whether treatment is safe.',
        facts: [],
        override: 'none',
        seen: 'erased',
        accepted: 'a patient whose health record can be read',
      },
    ];
  }
  const isAccepted = (code: string): boolean => {
    if (consultation.status === 'none') return false;
    const { patientId, overrides, formerOverrides = [] } = consultation;
    return [...formerOverrides, ...overrides].some((override) => {
      if (override.code !== code || override.on > on || !isGivenBy(override, by)) return false;
      // Of what is on record, an override on paper accepts what was true by its day.
      const then = healthKnownOn(person, patientId, override.on, override.position);
      return then !== 'erased' && !saysMore(protocol, code, { now: answers, then }, ingredients);
    });
  };
  const blocking = blockingFindings(protocol, answers, ingredients)
    .filter(({ code, overridable }) => !(overridable && isAccepted(code)))
    .map(
      ({ code, facts, overridable }): Finding => ({
        rule: overridable ? 'session.contraindication' : 'session.contraindication-absolute',
        deviation: 'contraindication',
        field: 'patient',
        message: `A contraindication stands against it: ${code}.`,
        facts,
        override: overridable ? 'physician' : 'none',
        seen: code,
        accepted: 'no such condition, medicine or allergy on that day',
      }),
    );
  const unlisted = reviewFindings(protocol, answers, ingredients)
    .filter(({ code }) => !isAccepted(code))
    .map(
      ({ code, facts }): Finding => ({
        rule: 'session.health-review',
        deviation: 'contraindication',
        field: 'patient',
        message: `The health record holds what a physician must look at first: ${code}.`,
        facts,
        override: 'physician',
        seen: code,
        accepted: 'a record without it, or with a physician’s leave',
      }),
    );
  return [...blocking, ...unlisted];
}

const isGivenBy = ({ at }: ContraindicationOverride, by: Instant | undefined): boolean =>
  at === undefined || by === undefined || hasComeBy(at, by);

/** An adverse event of the person that no physician has closed: what stands against a session that is still to come. */
export function adverseEvents(
  course: PlannedCourse,
  { person, otherCourses }: Pick<SessionWorld, 'person' | 'otherCourses'>,
): Finding[] {
  const reported = openAdverseEvents(person).map(({ adverseEventId }) => adverseEventId);
  const found = [course, ...otherCourses].flatMap((each) => openFollowUpEvents(each, person));
  return openEvents([...reported, ...found.map(({ followUpId }) => followUpId)]);
}

/**
 * The adverse events that were open when a session took place, whenever it is entered: one that had come by then and that
 * no physician had closed. On the day of its onset, one that was on record by then: a reaction to the session itself comes
 * after it.
 */
export function adverseEventsAt(
  course: PlannedCourse,
  { person, otherCourses }: Pick<SessionWorld, 'person' | 'otherCourses'>,
  { at }: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(at.wall);
  const hasCome = ({ onsetOn, reportedAt }: AdverseEventState) =>
    onsetOn === null || onsetOn < on || (onsetOn === on && (reportedAt === null || reportedAt <= at.instant));
  const known = person.patients.flatMap((patient) => patient.adverseEvents);
  const reported = known.filter((each) => each.source === 'report' && hasCome(each) && !isClosedAt(each, at.instant));
  const closed = new Set(
    known.filter((each) => isClosedAt(each, at.instant)).map(({ adverseEventId }) => adverseEventId),
  );
  const found = [course, ...otherCourses]
    .flatMap(({ followUps }) => followUps)
    .filter((each) => each.adverseEvent !== undefined && each.at.instant <= at.instant && !closed.has(each.followUpId));
  return openEvents([...reported.map((each) => each.adverseEventId), ...found.map(({ followUpId }) => followUpId)]);
}

function openEvents(ids: readonly string[]): Finding[] {
  const open = new Set(ids);
  if (open.size === 0) return [];
  return [
    {
      rule: 'session.open-adverse-event',
      deviation: null,
      field: 'patient',
      message: `${open.size === 1 ? 'An adverse event is' : `${open.size} adverse events are`} open: a physician closes it first.`,
      facts: ['S4-R2'],
      override: 'none',
      seen: [...open],
      accepted: 'every adverse event closed by a physician',
    },
  ];
}

/** Adverse events that a follow-up found, until one of their id is closed in the patient's record. */
export function openFollowUpEvents(course: PlannedCourse, person: Person): FollowUp[] {
  const closed = new Set(
    person.patients.flatMap(({ adverseEvents: events }) =>
      events.filter(({ status }) => status === 'closed').map(({ adverseEventId }) => adverseEventId),
    ),
  );
  return course.followUps.filter(
    ({ adverseEvent, followUpId }) => adverseEvent !== undefined && !closed.has(followUpId),
  );
}

/** Nobody is treated after the day on which they died. */
export function personGone({ person }: Pick<SessionWorld, 'person'>, session: Pick<SessionFacts, 'at'>): Finding[] {
  const { diedOn } = endOfPerson(person);
  if (diedOn === null || dateOfWall(session.at.wall) <= diedOn) return [];
  return [
    {
      rule: 'session.patient-died',
      deviation: null,
      field: 'patient',
      message: `The patient died on ${diedOn}.`,
      facts: [],
      override: 'none',
      seen: diedOn,
      accepted: `a day up to ${diedOn}`,
    },
  ];
}
