import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import {
  allNo,
  at,
  booked,
  cleared,
  eventIdOf,
  followUp,
  given,
  NOW,
  nurse,
  ofCourse,
  patient,
  performed,
  personWith,
  physician,
  physicianId,
  planned,
  practitionerId,
  recorded,
  refusal,
  siteId,
  world,
} from '#test/support/course-given.js';
import { type CorrectCourseEntry, correctEntry, retractEntry } from './course-correction.decider.js';
import { RECALL_RULES_DEFAULT, RETENTION_RULES_DEFAULT } from '../site/site.events.js';
import type { PlanWorld } from './course-correction-plan.rules.js';
import {
  CourseCompleted,
  CourseLapsed,
  CoursePlanChanged,
  CourseStopped,
  type CourseStreamEvent,
  MaintenanceScheduled,
  SessionHeld,
  SessionHoldDecided,
  SessionReviewed,
} from './course.events.js';
import type { PerformedSession, PlannedCourse } from './course.state.js';

/** What a correction or retraction must not leave behind: each was found by the property over random lives of courses. */
const [first, second] = [newId(), newId()];
const now = occurredNow(NOW);
const byPhysician = { id: physicianId, state: physician, on: '2026-03-02' };
const byNurse = { id: practitionerId, state: nurse, on: '2026-03-02' };
const changedTo = (plannedSessions: number) =>
  CoursePlanChanged(now, { ...ofCourse, plannedSessions, practitionerId: physicianId, reason: 'as it goes' });

const twoSessions = [
  planned,
  booked(first, '2026-02-02T10:00', 1),
  performed(first, '2026-02-02T10:00', 1),
  booked(second, '2026-02-16T10:00', 2),
  performed(second, '2026-02-16T10:00', 2),
];

function correct(
  events: readonly CourseStreamEvent[],
  entry: CorrectCourseEntry['entry'],
  changes: Record<string, unknown>,
  more: Partial<CorrectCourseEntry> = {},
) {
  const revision = events.findLastIndex(({ type }) => type === entry);
  const named = { eventId: eventIdOf(revision), entry, changes, reason: 'typed wrongly' };
  const command = {
    type: 'CorrectCourseEntry',
    ...named,
    history: recorded(events),
    openFollowUps: [],
    world,
    physician: byPhysician,
  } as const;
  return correctEntry({ ...command, ...more }, given(...events) as PlannedCourse, NOW);
}

function retract(
  events: readonly CourseStreamEvent[],
  revision: number,
  by: CorrectCourseEntry['physician'] | null = byPhysician,
  openFollowUps: readonly string[] = [],
) {
  const named = { eventId: eventIdOf(revision), reason: 'entered by mistake', physician: by ?? undefined };
  const command = {
    type: 'RetractCourseEntry',
    protocol: facial,
    ...named,
    history: recorded(events),
    openFollowUps,
  } as const;
  return retractEntry(command, given(...events) as PlannedCourse, NOW);
}

describe('a session that is said anew', () => {
  it('[session.patient-died] was not after the death of the patient', () => {
    const died = { ...world, person: { patients: [{ ...patient, diedOn: '2026-02-20' }] } };
    const moved = (wall: string) => correct(twoSessions, 'SessionPerformed', { at: at(wall) }, { world: died });
    expect(refusal(() => moved('2026-02-21T10:00')).rules).toEqual(['session.patient-died']);
    expect(moved('2026-02-20T10:00')).toHaveLength(1);
    // What stood there before is no matter of a correction of something else.
    const later = { ...world, person: { patients: [{ ...patient, diedOn: '2026-02-10' }] } };
    expect(correct(twoSessions, 'SessionPerformed', { painScore: 3 }, { world: later })).toHaveLength(1);
  });
  it('is refused on a day before its course was planned', () => {
    expect(refusal(() => correct(twoSessions, 'SessionPerformed', { at: at('2026-01-01T10:00') })).rules).toEqual([
      'session.before-plan',
    ]);
    expect(correct(twoSessions, 'SessionPerformed', { at: at('2026-01-02T12:00') })).toHaveLength(1);
  });
  it('of an old history may be corrected in all else, though it was before the plan', () => {
    const old = [planned, performed(first, '2025-12-01T10:00', 1)];
    expect(correct(old, 'SessionPerformed', { depthMm: 3 })).toHaveLength(1);
  });
  it('shows with the reason of the correction that it is now too close to a session of another course', () => {
    const other = given(planned, performed(newId(), '2026-02-20T10:00', 1)) as PlannedCourse;
    const among = { world: { ...world, otherCourses: [{ ...other, courseId: newId() }] } };
    const said = (wall: string) => correct(twoSessions, 'SessionPerformed', { at: at(wall) }, among)[0]?.data;
    expect(said('2026-02-19T10:00')).toMatchObject({
      overridden: ['interval-short'],
      overrideReasons: { 'interval-short': 'typed wrongly' },
    });
    expect(said('2026-02-06T10:00')).toMatchObject({ overridden: [], overrideReasons: {} });
  });
});

describe('a session that is moved among the others', () => {
  const third = newId();
  const maintained = [
    ...twoSessions,
    changedTo(2),
    CourseCompleted(now, ofCourse),
    performed(third, '2026-03-01T10:00', 1, { kind: 'maintenance' }),
  ];
  const moved = (events: readonly CourseStreamEvent[], wall: string, revision: number) =>
    correct(events, 'SessionPerformed', { at: at(wall) }, { eventId: eventIdOf(revision) });
  it('[session.recorded-once] is not moved onto another session of the course', () => {
    expect(refusal(() => moved(twoSessions, '2026-02-02T10:00', 4)).rules).toEqual(['session.recorded-once']);
    expect(moved(twoSessions, '2026-02-02T10:30', 4)).toHaveLength(1);
  });
  it('[maintenance.after-course] stays on its side of the end of the course (S1-M2)', () => {
    expect(refusal(() => moved(maintained, '2026-02-16T18:00', 7)).rules).toEqual(['maintenance.after-course']);
    expect(moved(maintained, '2026-02-17T10:00', 7)).toHaveLength(1);
    expect(refusal(() => moved(maintained, '2026-03-01T09:00', 4)).rules).toEqual(['maintenance.after-course']);
    expect(moved(maintained, '2026-02-28T09:00', 4)).toHaveLength(1);
  });
});

describe('a correction that is taken back', () => {
  it('[session.recorded-once] [maintenance.after-course] leaves no session where another one has come to stand meanwhile', () => {
    const moved = [
      ...twoSessions,
      ...correct(twoSessions, 'SessionPerformed', { at: at('2026-02-20T10:00') }),
      performed(newId(), '2026-02-16T10:00', 3),
    ];
    expect(refusal(() => retract(moved, 5)).rules).toEqual(['session.recorded-once']);
  });
  const LOT2 = { products: [{ product: 'GlowMeso HA', lotNumber: 'L2' }] };
  const then = (events: readonly CourseStreamEvent[], entry: CorrectCourseEntry['entry'], changes: object) => [
    ...events,
    ...correct(events, entry, changes as never),
  ];
  it('[correction.latest-first] of a session is taken back after the later ones that rest on it, and leaves nothing of it', () => {
    const twice = then(then(twoSessions, 'SessionPerformed', LOT2), 'SessionPerformed', { painScore: 3 });
    const refused = refusal(() => retract(twice, 5));
    expect(refused.rules).toEqual(['correction.latest-first']);
    const without = [...twice, ...retract(twice, 6)];
    const none = [...without, ...retract(without, 5)];
    const lotOf = (events: readonly CourseStreamEvent[]) =>
      (given(...events) as PlannedCourse).sessions.map((session) =>
        session.status === 'performed' ? session.products[0]?.lotNumber : null,
      );
    expect([lotOf(twice), lotOf(without), lotOf(none)]).toEqual([
      ['L1', 'L2'],
      ['L1', 'L2'],
      ['L1', 'L1'],
    ]);
  });
  it('[correction.latest-first] of a follow-up and of a plan as well, and says which one comes first', () => {
    const held = [...twoSessions, followUp('2026-02-20T10:00')];
    const scored = then(then(held, 'FollowUpHeld', { outcomeScore: 2 }), 'FollowUpHeld', { outcomeScore: 4 });
    expect(() => retract(scored, 6)).toThrow(`take back ${eventIdOf(7)} first, or correct the value`);
    const planned = then(then(twoSessions, 'CoursePlanned', { areas: ['face'] }), 'CoursePlanned', {
      device: 'needle',
    });
    expect(refusal(() => retract(planned, 5)).rules).toEqual(['correction.latest-first']);
  });
  it('[correction.latest-first] may be any where the later ones are of another entry, or the whole entry goes', () => {
    const first = then(twoSessions, 'SessionPerformed', LOT2);
    const both = then([...first, followUp('2026-02-20T10:00')], 'FollowUpHeld', { outcomeScore: 2 });
    expect(retract(both, 5)).toHaveLength(1);
    const twice = then(first, 'SessionPerformed', { painScore: 3 });
    expect(retract(twice, 4)).toHaveLength(1);
  });
});

describe('a plan that is said anew', () => {
  it('is refused with fewer sessions than were performed', () => {
    const one = { plannedSessions: 1, countReason: 'few areas' };
    expect(refusal(() => correct(twoSessions, 'CoursePlanned', one)).rules).toEqual(['plan.below-performed']);
    expect(correct(twoSessions, 'CoursePlanned', { plannedSessions: 2, countReason: 'few areas' })).toHaveLength(1);
  });
  it('may have any number where a later plan holds', () => {
    const events = [...twoSessions, changedTo(3)];
    expect(correct(events, 'CoursePlanned', { plannedSessions: 1, countReason: 'few areas' })).toHaveLength(1);
    expect(refusal(() => correct(events, 'CoursePlanChanged', { plannedSessions: 1 })).rules).toEqual([
      'plan.below-performed',
    ]);
  });
  it('is refused for a completed course, which had all the sessions of its plan', () => {
    const completed = [...twoSessions, changedTo(2), CourseCompleted(now, ofCourse)];
    for (const plannedSessions of [1, 3]) {
      expect(refusal(() => correct(completed, 'CoursePlanChanged', { plannedSessions })).rules).toEqual([
        'correction.course-ended',
      ]);
    }
    expect(correct(completed, 'CoursePlanChanged', { areas: ['face'] })).toHaveLength(1);
  });
});

describe('a plan that is said anew', () => {
  const sameDay = { intervalDays: { min: 0, max: 0 } };
  const rulesOf = (changes: object, more: Partial<CorrectCourseEntry>) =>
    refusal(() => correct(twoSessions, 'CoursePlanned', changes as never, more)).rules;

  it('[plan.interval] has days between sessions as the protocol allows, or a reason of a physician who may treat', () => {
    const reason = { ...sameDay, intervalReason: 'the patient travels' };
    const uncredentialed = { ...byPhysician, state: { ...physician, credentials: [] } };
    expect(rulesOf(sameDay, {})).toEqual(['plan.interval']);
    for (const by of [undefined, byNurse, uncredentialed]) {
      expect(rulesOf(reason, { physician: by })).toEqual(['plan.interval']);
    }
    expect(correct(twoSessions, 'CoursePlanned', reason)).toMatchObject([
      { data: { ...reason, practitionerId, correctionReason: 'typed wrongly' } },
    ]);
  });
  it('[course.session-count] has a number of sessions as the protocol asks for, or a reason of a physician', () => {
    expect(rulesOf({ plannedSessions: 9 }, {})).toEqual(['course.session-count']);
    expect(rulesOf({ plannedSessions: 9, countReason: 'scars' }, { physician: byNurse })).toEqual([
      'course.session-count',
    ]);
    expect(correct(twoSessions, 'CoursePlanned', { plannedSessions: 5 }, { physician: undefined })).toHaveLength(1);
  });
  it('[plan.device] has a device of the protocol, whoever says it', () => {
    expect(rulesOf({ device: 'mechanical-gun' }, {})).toEqual(['plan.device']);
    const changed = [...twoSessions, changedTo(4)];
    expect(refusal(() => correct(changed, 'CoursePlanChanged', { device: 'mechanical-gun' })).rules).toEqual([
      'plan.device',
    ]);
  });
  it('[plan.by-physician] is corrected and taken back by a physician where a physician had changed it', () => {
    const changed = [...twoSessions, changedTo(3)];
    for (const by of [undefined, byNurse]) {
      const again = () => correct(changed, 'CoursePlanChanged', { plannedSessions: 5 }, { physician: by });
      expect(refusal(again).rules).toEqual(['plan.by-physician']);
    }
    const other = { ...byPhysician, id: newId() };
    const corrected = correct(changed, 'CoursePlanChanged', { plannedSessions: 5 }, { physician: other });
    expect(corrected).toMatchObject([{ data: { plannedSessions: 5, practitionerId: other.id } }]);
    expect(refusal(() => retract(changed, 5, byNurse)).rules).toEqual(['plan.by-physician']);
    expect(retract(changed, 5)).toMatchObject([{ data: { physicianId } }]);
    const both = [...changed, ...corrected];
    expect(refusal(() => retract(both, 6, byNurse)).rules).toEqual(['plan.by-physician']);
  });
  it('[plan.by-physician] is corrected and taken back by whoever may carry out the procedure on that day (S2-Q1)', () => {
    const changed = [...twoSessions, changedTo(3)];
    const credentials = [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: '2026-03-01' }];
    const tooLate = { ...byPhysician, state: { ...physician, credentials } as typeof physician };
    const again = () => correct(changed, 'CoursePlanChanged', { plannedSessions: 5 }, { physician: tooLate });
    expect(refusal(again).rules).toEqual(['plan.by-physician']);
    expect(refusal(() => retract(changed, 5, tooLate)).rules).toEqual(['plan.by-physician']);
    expect(retract(changed, 5, { ...tooLate, on: '2026-03-01' })).toHaveLength(1);
  });
});

describe('the times of a session that is said anew', () => {
  const timed = (more: object) => [
    planned,
    booked(first, '2026-02-02T10:00', 1),
    performed(first, '2026-02-02T10:00', 1, more),
  ];
  const ended = timed({ endedAt: at('2026-02-02T10:45'), durationMinutes: 45 });
  const said = (changes: object, events = ended) => correct(events, 'SessionPerformed', changes as never)[0]?.data;
  const rulesOf = (changes: object, events = ended) => refusal(() => said(changes, events)).rules;

  it('[session.duration-agrees] give its duration, so that it follows from the start and the end', () => {
    expect(said({ endedAt: at('2026-02-02T12:45') })).toMatchObject({ durationMinutes: 165 });
    expect(said({ at: at('2026-02-02T09:45') })).toMatchObject({ durationMinutes: 60 });
    expect(rulesOf({ durationMinutes: 50 })).toEqual(['session.duration-agrees']);
    expect(said({ durationMinutes: 50, endedAt: null })).toMatchObject({ durationMinutes: 50 });
  });
  it('[session.ends-after-start] end it within a day', () => {
    expect(rulesOf({ at: at('2026-01-31T10:00') })).toEqual(['session.ends-after-start']);
  });
  it('[session.steps-within] leave its steps between its start and its end', () => {
    const step = (wall: string) => ({ code: 'cleansing', practitionerId, at: at(wall) });
    expect(rulesOf({ steps: [step('2026-02-02T09:00')] })).toEqual(['session.steps-within']);
    expect(rulesOf({ steps: [step('2025-02-02T10:10')] })).toEqual(['session.steps-within']);
    expect(rulesOf({ steps: [step('2026-02-02T10:50')] })).toEqual(['session.steps-within']);
    expect(rulesOf({ steps: [step('2026-02-02T10:20'), step('2026-02-02T10:10')] })).toEqual(['session.steps-within']);
    expect(said({ steps: [step('2026-02-02T10:10'), step('2026-02-02T10:20')] })).toBeDefined();
  });
  it('of a record that says two lengths may be left as they are while something else is corrected', () => {
    const old = timed({ endedAt: at('2026-02-02T12:45'), durationMinutes: 45 });
    expect(said({ painScore: 3 }, old)).toMatchObject({ durationMinutes: 45 });
  });
});

describe('a change of plan that is taken back', () => {
  it('is refused where the plan before it had fewer sessions than were performed', () => {
    const events = [planned, changedTo(1), changedTo(2), ...twoSessions.slice(1)];
    expect(refusal(() => retract(events, 2)).rules).toEqual(['plan.below-performed']);
    expect(retract(events, 1)).toHaveLength(1);
  });
  it('is refused for a completed course until its end is taken back', () => {
    const completed = [...twoSessions, changedTo(2), CourseCompleted(now, ofCourse)];
    expect(refusal(() => retract(completed, 5)).rules).toEqual(['correction.course-ended']);
    const reopened = [...completed, ...retract(completed, 6)];
    expect(retract(reopened, 5)).toHaveLength(1);
  });
  it('is refused in the same way where it is the correction of a plan', () => {
    const corrected = (events: readonly CourseStreamEvent[], plannedSessions: number) => [
      ...events,
      ...correct(events, 'CoursePlanned', { plannedSessions, countReason: 'few areas' }),
    ];
    const raised = [...corrected(corrected([planned], 1), 2), ...twoSessions.slice(1)];
    expect(refusal(() => retract(raised, 2)).rules).toEqual(['plan.below-performed']);
  });
});

describe('a review of a session', () => {
  it('[session.reviewed] is taken back by a physician who may carry out the procedure, and by nobody else (S2-Q1)', () => {
    const review = { ...ofCourse, sessionId: first, physicianId, outcome: 'no-harm' as const, note: 'looked well' };
    const reviewed = [...twoSessions, SessionReviewed(now, review)];
    const uncredentialed = { ...byPhysician, state: { ...physician, credentials: [] } };
    for (const by of [null, byNurse, uncredentialed]) {
      expect(refusal(() => retract(reviewed, 5, by)).rules).toEqual(['session.reviewed']);
    }
    expect(retract(reviewed, 5)).toMatchObject([{ data: { physicianId } }]);
  });
});

describe('an adverse event that a follow-up found', () => {
  const found = followUp('2026-02-17T10:00', { adverseEvent: { kind: 'infection', severity: 'severe' } });
  const { followUpId } = found.data;
  const without = followUp('2026-02-17T10:00', { followUpId });
  const saidLater = [
    ...twoSessions,
    without,
    ...correct([...twoSessions, without], 'FollowUpHeld', { adverseEvent: { kind: 'infection', severity: 'severe' } }),
  ];
  const open = { openFollowUps: [followUpId] };
  const taken = (events: readonly CourseStreamEvent[], revision: number, openFollowUps: string[]) =>
    retract(events, revision, byPhysician, openFollowUps);

  it('[correction.adverse-event-open] does not go away with its follow-up while it is open, corrected to have it or not', () => {
    const entered = [...twoSessions, found];
    for (const events of [entered, saidLater]) {
      expect(refusal(() => taken(events, 5, [followUpId])).rules).toEqual(['correction.adverse-event-open']);
      expect(taken(events, 5, [])).toHaveLength(1);
    }
    expect(refusal(() => correct(entered, 'FollowUpHeld', { adverseEvent: null }, open)).rules).toEqual([
      'correction.adverse-event-open',
    ]);
  });
  it('[correction.adverse-event-open] does not go away with the correction that said it while it is open', () => {
    expect(refusal(() => taken(saidLater, 6, [followUpId])).rules).toEqual(['correction.adverse-event-open']);
    expect(taken(saidLater, 6, [])).toHaveLength(1);
  });
  it('[correction.adverse-event-open] stays with a correction that is taken back and leaves it standing', () => {
    const milder = [...twoSessions, found];
    const corrected = [...milder, ...correct(milder, 'FollowUpHeld', { outcomeScore: 3 }, open)];
    expect(taken(corrected, 6, [followUpId])).toHaveLength(1);
  });
});

describe('when a course was planned, said anew', () => {
  const around: PlanWorld = {
    consultation: cleared,
    site: {
      ...{ status: 'registered', siteId, name: 'Bebek', timeZone: 'Europe/Istanbul', language: 'tr' },
      ...{ quietHours: { from: '21:00', to: '09:00' }, openingHours: null, legalRules: [] },
      ...{ recallRules: RECALL_RULES_DEFAULT, retentionRules: RETENTION_RULES_DEFAULT },
      importedMaintenanceReleasedAt: undefined,
    },
    practitioner: physician,
    term: { version: 1, from: null, until: null },
  };
  const moved = (
    wall: string,
    {
      events = twoSessions,
      plan = {},
      changes = {},
      ...more
    }: {
      readonly events?: readonly CourseStreamEvent[];
      readonly plan?: Partial<PlanWorld>;
      readonly changes?: Record<string, unknown>;
    } & Pick<Partial<CorrectCourseEntry>, 'world' | 'physician'> = {},
  ) => correct(events, 'CoursePlanned', { at: at(wall), ...changes }, { ...more, plan: { ...around, ...plan } });
  const rulesOf = (...of: Parameters<typeof moved>) => refusal(() => moved(...of)).rules;

  it('[course.entered-late] is when the plan occurred, and what it says stays', () => {
    const [event] = moved('2026-01-20T10:00');
    const { instant } = at('2026-01-20T10:00');
    expect(event).toMatchObject({
      type: 'CoursePlannedCorrected',
      occurredAt: { instant, time: at('2026-01-20T10:00') },
    });
    expect(event?.data).toEqual({ ...planned.data, corrects: eventIdOf(0), correctionReason: 'typed wrongly' });
    const after = given(...twoSessions, event as CourseStreamEvent) as PlannedCourse;
    expect(after).toEqual({ ...given(...twoSessions), plannedAt: instant });
  });
  it('adds nothing where it was planned then already, and takes what is said beside it', () => {
    const once = [...twoSessions, ...moved('2026-01-20T10:00')];
    expect(moved('2026-01-20T10:00', { events: once })).toEqual([]);
    const both = moved('2026-01-20T10:00', { events: once, changes: { areas: ['face'] } });
    expect(both).toMatchObject([
      { occurredAt: { instant: at('2026-01-20T10:00').instant }, data: { areas: ['face'] } },
    ]);
    // Another field said anew later leaves the time where it was said last.
    const later = correct([...once, ...both], 'CoursePlanned', { device: 'needle' });
    expect(later).toMatchObject([{ occurredAt: { instant: at('2026-01-20T10:00').instant } }]);
  });
  it('[correction.in-future] is no time that is still to come', () => {
    expect(rulesOf('2026-03-03T10:00', { events: [planned] })).toEqual(['correction.in-future']);
  });
  it('[correction.plan-first] is before everything that was entered in the course', () => {
    expect(rulesOf('2026-02-02T10:01')).toEqual(['correction.plan-first']);
    expect(moved('2026-02-02T10:00')).toHaveLength(1);
    const seen = [planned, followUp('2026-01-30T10:00')];
    expect(rulesOf('2026-01-30T10:01', { events: seen })).toEqual(['correction.plan-first']);
    expect(moved('2026-01-30T10:00', { events: seen })).toHaveLength(1);
    const changedThen = { ...changedTo(5), occurredAt: occurredNow(at('2026-01-15T12:00').instant) };
    expect(rulesOf('2026-01-15T12:01', { events: [planned, changedThen] })).toEqual(['correction.plan-first']);
    const bookedThen = {
      ...booked(first, '2026-02-20T10:00'),
      occurredAt: occurredNow(at('2026-01-10T12:00').instant),
    };
    expect(rulesOf('2026-01-11T10:00', { events: [planned, bookedThen] })).toEqual(['correction.plan-first']);
  });
  it('[correction.plan-first] may stay after what an old history has before it', () => {
    const old = [planned, performed(first, '2025-12-01T10:00', 1), performed(second, '2026-02-16T10:00', 2)];
    expect(moved('2026-02-01T10:00', { events: old })).toHaveLength(1);
    expect(rulesOf('2026-02-17T10:00', { events: old })).toEqual(['correction.plan-first']);
  });
  it('[correction.plan-first] does not go back past what was entered meanwhile, when the correction is taken back', () => {
    const late = { ...planned, occurredAt: occurredNow(at('2026-02-10T10:00').instant) };
    const earlier = [late, ...moved('2026-01-20T10:00', { events: [late] })];
    expect(retract(earlier, 1)).toHaveLength(1);
    expect(refusal(() => retract([...earlier, performed(first, '2026-02-02T10:00', 1)], 1)).rules).toEqual([
      'correction.plan-first',
    ]);
    // Nor does a session, to before a plan that came to stand after it.
    const movedSession = [planned, performed(first, '2026-01-10T10:00', 1)];
    const both = [...movedSession, ...correct(movedSession, 'SessionPerformed', { at: at('2026-02-10T10:00') })];
    const planMoved = [...both, ...moved('2026-01-20T10:00', { events: both })];
    expect(refusal(() => retract(planMoved, 2)).rules).toEqual(['correction.plan-first']);
  });
  it('[consultation.cleared] is after the consultation was concluded', () => {
    expect(rulesOf('2026-01-01T10:00')).toEqual(['consultation.cleared']);
    const concludedAt = at('2026-01-02T11:30').instant;
    const plan = { consultation: { ...cleared, concludedAt } };
    const later = { ...planned, occurredAt: occurredNow(at('2026-01-05T10:00').instant) };
    expect(rulesOf('2026-01-02T11:00', { events: [later], plan })).toEqual(['consultation.cleared']);
    expect(moved('2026-01-02T11:30', { events: [later], plan })).toHaveLength(1);
  });
  it('[consultation.expired] [consent.missing] is while what the consultation found and the consent held', () => {
    const long = [{ ...planned, occurredAt: occurredNow('2026-01-02T09:00:00.000Z') }];
    const old = { ...cleared, heldOn: '2025-01-20', concludedOn: '2025-01-20' };
    expect(rulesOf('2026-02-20T10:00', { events: long, plan: { consultation: old } })).toEqual([
      'consultation.expired',
    ]);
    expect(moved('2026-01-20T10:00', { events: long, plan: { consultation: old } })).toHaveLength(1);
    const [consent] = cleared.consents;
    const ends = {
      ...cleared,
      consents: [{ ...consent, validUntil: '2026-01-15' } as (typeof cleared.consents)[number]],
    };
    expect(rulesOf('2026-01-16T10:00', { plan: { consultation: ends } })).toEqual(['consent.missing']);
    expect(moved('2026-01-15T10:00', { plan: { consultation: ends } })).toHaveLength(1);
  });
  it('is no matter of what stood against the plan before, as in an old history', () => {
    const { conclusion: _, ...open } = cleared;
    const plan = { consultation: { ...open, status: 'open', concludedOn: undefined } as unknown as typeof cleared };
    expect(moved('2026-01-20T10:00', { plan })).toHaveLength(1);
    expect(moved('2026-01-20T10:00', { plan: { consultation: { status: 'none' } } })).toHaveLength(1);
  });
  it('[plan.contraindication] [plan.patient-died] is a day on which nothing stood against it, and the patient lived', () => {
    const person = personWith({});
    const [one] = person.patients;
    const fact = { factId: newId(), kind: 'condition', since: '2026-01-10', until: null, position: 9 };
    const pregnant = { ...one, healthFacts: [{ ...fact, value: 'pregnancy' }] } as unknown as typeof one;
    const among = (who: typeof one) => ({ world: { ...world, person: { patients: [who] } as typeof person } });
    expect(rulesOf('2026-01-20T10:00', among(pregnant))).toEqual(['plan.contraindication']);
    expect(moved('2026-01-09T10:00', among(pregnant))).toHaveLength(1);
    const died = { ...one, diedOn: '2026-01-19' } as typeof one;
    expect(rulesOf('2026-01-20T10:00', among(died))).toEqual(['plan.patient-died']);
  });
  it('[plan.contraindication] is a day on which nobody knew of an allergy to a product of the plan (S0-C5)', () => {
    const person = personWith({});
    const [one] = person.patients;
    const fact = { factId: newId(), kind: 'allergy', since: '2026-01-10', until: null, position: 9 };
    const allergic = { ...one, healthFacts: [{ ...fact, value: 'hyaluronic acid' }] } as unknown as typeof one;
    const among = { world: { ...world, person: { patients: [allergic] } as typeof person } };
    const events = [{ ...planned, data: { ...planned.data, products: ['GlowMeso HA'] } }];
    const madeOf = (ingredient: string) => ({
      ...{ ...among, events },
      plan: { compositions: new Map([['GlowMeso HA', [ingredient]]]) },
    });
    expect(rulesOf('2026-01-20T10:00', madeOf('hyaluronic acid'))).toEqual(['plan.contraindication']);
    expect(moved('2026-01-20T10:00', madeOf('mannitol'))).toHaveLength(1);
    expect(moved('2026-01-09T10:00', madeOf('hyaluronic acid'))).toHaveLength(1);
  });
  it('[course.session-count] was outside the ranges by whoever had a credential on that day (S0-N1)', () => {
    const nine = { ...planned, data: { ...planned.data, plannedSessions: 9, countReason: 'scars' } };
    const credentials = [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: '2026-01-10' }];
    const plan = { practitioner: { ...physician, credentials } as typeof physician };
    const events = [nine];
    expect(rulesOf('2026-01-20T10:00', { events, plan })).toEqual(['course.session-count']);
    expect(moved('2026-01-10T10:00', { events, plan })).toHaveLength(1);
    const again = { events, plan, changes: { countReason: 'many scars' } };
    expect(moved('2026-01-20T10:00', again)).toHaveLength(1);
    expect(rulesOf('2026-01-20T10:00', { ...again, physician: byNurse })).toEqual(['course.session-count']);
  });
  it('[protocol.published-then] [protocol.retired] is while courses were planned with the version that it keeps', () => {
    const from = at('2026-01-02T11:00').instant;
    const until = at('2026-01-20T10:00').instant;
    const plan = { term: { version: 1, from, until } };
    expect(rulesOf('2026-01-02T10:30', { plan })).toEqual(['protocol.published-then']);
    expect(moved('2026-01-20T09:59', { plan })).toHaveLength(1);
    expect(rulesOf('2026-01-20T10:00', { plan })).toEqual(['protocol.retired']);
  });
  it('says what was seen and what would be taken', () => {
    expect(() => moved('2026-02-02T10:01')).toThrow('SessionPerformed of 2026-02-02T10:00');
  });
});

describe('whom a session was for and what they answered, said anew', () => {
  const asked = (more: object = {}, wall = '2026-02-02T10:00') =>
    performed(first, wall, 1, { identifiers: ['name', 'birth-date'], check: allNo(), ...more });
  const events = [planned, booked(first, '2026-02-02T10:00', 1), asked()];
  const said = (changes: Record<string, unknown>, history: readonly CourseStreamEvent[] = events) =>
    correct(history, 'SessionPerformed', changes);
  const rulesOf = (...of: Parameters<typeof said>) => refusal(() => said(...of)).rules;
  const hold = (wall: string, decided?: string) => [
    SessionHeld(occurredNow(at(wall).instant), {
      ...ofCourse,
      sessionId: first,
      practitionerId,
      positive: ['new-medication'],
    }),
    ...(decided === undefined
      ? []
      : [
          SessionHoldDecided(occurredNow(at(decided).instant), {
            ...{ ...ofCourse, sessionId: first, physicianId, decision: 'proceed' as const, reason: 'harmless' },
          }),
        ]),
  ];
  const held = [planned, booked(first, '2026-02-02T10:00', 1), ...hold('2026-02-02T09:00', '2026-02-02T09:30')];
  const yes = { check: { ...allNo(), 'new-medication': 'yes' as const } };

  it('[session.two-identifiers] has two different identifiers, or more', () => {
    expect(rulesOf({ identifiers: ['name', 'name'] })).toEqual(['session.two-identifiers']);
    expect(rulesOf({ identifiers: [] })).toEqual(['session.two-identifiers']);
    expect(said({ identifiers: ['name', 'photo'] })).toMatchObject([{ data: { identifiers: ['name', 'photo'] } }]);
    expect(said({ identifiers: ['birth-date', 'name'] })).toEqual([]);
    // An old history names none; what else is said of it needs none.
    const old = [planned, performed(first, '2026-02-02T10:00', 1)];
    expect(said({ painScore: 3 }, old)).toHaveLength(1);
  });
  it('[session.check-known] answers no question that the protocol does not ask', () => {
    expect(rulesOf({ check: { weather: 'no' } })).toEqual(['session.check-known']);
  });
  it('replaces the answers that are named, and leaves the others', () => {
    const [event] = said({ check: { 'new-medication': 'yes' } });
    expect(event?.data).toMatchObject(yes);
    expect(said({ check: { 'new-medication': 'no' } })).toEqual([]);
    const back = said({ check: { 'new-medication': 'no' } }, [...events, event as CourseStreamEvent]);
    expect(back).toMatchObject([{ data: { check: allNo() } }]);
    expect(back[0]?.data).not.toHaveProperty('checkUndecided');
  });
  it('says of an erased person nothing but what is said now, which is erased before it is written', () => {
    const erased = [planned, asked({ check: { erased: true } })];
    const [anew] = said({ check: { pregnancy: 'no' } }, erased);
    expect((anew?.data as { check?: object }).check).toEqual({ pregnancy: 'no' });
    const [other] = said({ painScore: 3 }, erased);
    expect(other?.data).toMatchObject({ check: { erased: true } });
    const [later] = said({ at: at('2026-02-02T11:00') }, erased);
    expect(later?.data).not.toHaveProperty('checkUndecided');
  });
  it('[session.held] calls for a review where no physician had let it go on with a yes by then (S0-P1, S4-C1)', () => {
    const [event] = said({ check: { 'new-medication': 'yes' } });
    expect(event?.data).toMatchObject({ checkUndecided: true });
    const session = (history: readonly CourseStreamEvent[]) =>
      (given(...history) as PlannedCourse).sessions[0] as PerformedSession;
    expect(session([...events, event as CourseStreamEvent]).checkUndecided).toBe(true);
    expect(session(events).checkUndecided).toBeUndefined();
    // Nor does a hold for another answer let it go on with this one.
    const let2 = [...held, asked(yes)];
    expect(said({ check: { 'aspirin-or-nsaid': 'yes' } }, let2)).toMatchObject([{ data: { checkUndecided: true } }]);
    // Whoever decided, with an answer that has no override nobody might have gone on.
    expect(said({ check: { pregnancy: 'yes' } }, let2)).toMatchObject([{ data: { checkUndecided: true } }]);
  });
  it('[session.held] calls for none where a physician had decided by then', () => {
    const early = [...held, asked({ check: { ...allNo(), 'new-medication': 'no' } }, '2026-02-03T10:00')];
    const [event] = said({ check: { 'new-medication': 'yes' } }, early);
    expect(event?.data).toMatchObject(yes);
    expect(event?.data).not.toHaveProperty('checkUndecided');
    // Moved to before the decision, it was treated without one.
    const decided = [...held, asked(yes)];
    expect(said({ at: at('2026-02-02T09:20') }, decided)).toMatchObject([{ data: { checkUndecided: true } }]);
    expect(said({ at: at('2026-02-02T09:30') }, decided)[0]?.data).not.toHaveProperty('checkUndecided');
    expect(said({ painScore: 3 }, decided)[0]?.data).not.toHaveProperty('checkUndecided');
    // What becomes of the decision after that is no matter of a correction of something else.
    const takenBack = [...decided, ...retract(decided, 3)];
    expect(said({ painScore: 3 }, takenBack)[0]?.data).not.toHaveProperty('checkUndecided');
    expect(said({ check: { pregnancy: 'yes' } }, takenBack)).toMatchObject([{ data: { checkUndecided: true } }]);
  });
  it('[session.check-as-held] keeps the yes for which the session was held on its day', () => {
    const decided = [...held, asked(yes)];
    expect(rulesOf({ check: { 'new-medication': 'no' } }, decided)).toEqual(['session.check-as-held']);
    expect(said({ check: { pregnancy: 'no', 'new-medication': 'yes' } }, decided)).toEqual([]);
  });
});

describe('a session and the end of its course', () => {
  const ended = (wall: string) => occurredNow(at(wall).instant);
  const ends = [
    CourseStopped(ended('2026-02-20T12:00'), { ...ofCourse, reason: 'moved' }),
    CourseLapsed(ended('2026-02-20T12:00'), { ...ofCourse, practitionerId, reason: 'no answer' }),
    CourseCompleted(ended('2026-02-20T12:00'), ofCourse),
  ];
  const moved = (events: readonly CourseStreamEvent[], wall: string) =>
    correct(events, 'SessionPerformed', { at: at(wall) }, { eventId: eventIdOf(4) });
  it('[course.entered-late] is not moved past the end: no course ended before its last session', () => {
    for (const end of ends) {
      const events = [...twoSessions, end];
      expect(refusal(() => moved(events, '2026-02-20T12:01')).rules).toEqual(['course.entered-late']);
      expect(moved(events, '2026-02-20T12:00')).toHaveLength(1);
    }
  });
  it('[course.entered-late] may stay past it where an old history has it there', () => {
    const old = [...twoSessions, CourseStopped(ended('2026-02-10T12:00'), { ...ofCourse, reason: 'moved' })];
    expect(moved(old, '2026-02-18T10:00')).toHaveLength(1);
  });
  it('[course.entered-late] does not go back past an end that was entered meanwhile, when its correction is taken back', () => {
    const late = [...twoSessions, ...moved(twoSessions, '2026-02-12T10:00')];
    const stopped = [...late, CourseStopped(ended('2026-02-14T12:00'), { ...ofCourse, reason: 'moved' })];
    expect(refusal(() => retract(stopped, 5)).rules).toEqual(['course.entered-late']);
    expect(retract(late, 5)).toHaveLength(1);
  });
});

it('[maintenance.physician-sets] a window that a physician set is taken back by one, and by nobody else (S4-E1, S2-Q1)', () => {
  const window = { opens: '2026-05-01', closes: '2026-05-31' };
  const events = [
    ...twoSessions,
    changedTo(2),
    CourseCompleted(now, ofCourse),
    MaintenanceScheduled(now, { ...ofCourse, physicianId, ...window }),
  ];
  const uncredentialed = { ...byPhysician, state: { ...physician, credentials: [] } };
  for (const by of [null, byNurse, uncredentialed]) {
    expect(refusal(() => retract(events, 7, by)).rules).toEqual(['maintenance.physician-sets']);
  }
  expect(retract(events, 7)).toMatchObject([{ data: { physicianId, retracts: eventIdOf(7) } }]);
});
