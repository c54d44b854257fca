import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import {
  allNo,
  at,
  booked,
  cleared,
  eventIdOf,
  given,
  NOW,
  nurse,
  ofCourse,
  patient,
  perform,
  performed,
  physician,
  physicianId,
  planned,
  practitionerId,
  recorded,
  refusal,
  sessionId,
  siteId,
  world,
} from '#test/support/course-given.js';
import { type CourseCommand, decideCourse } from './course.decider.js';
import {
  CourseCompleted,
  CourseLapsed,
  CourseStopped,
  type CourseStreamEvent,
  MaintenanceDeclined,
  SessionCancelled,
  SessionHeld,
  SessionHoldDecided,
  SessionMissed,
  SessionRescheduled,
} from './course.events.js';
import { type PlannedCourse, standingHold } from './course.state.js';
import type { OtherCourse } from './session-finding.js';
import { knowledgeOfCheck } from './held-knowledge.rules.js';
import { standingFindings } from './session.rules.js';

/** What waits for a physician does not go away by itself, and what has ended has nothing to come. */
const YES = 'infection-at-site';
const now = occurredNow(NOW);
const decide = (command: CourseCommand, events: readonly CourseStreamEvent[]) =>
  decideCourse(command, given(...events), NOW);
const rules = (command: CourseCommand, events: readonly CourseStreamEvent[]) =>
  refusal(() => decide(command, events)).rules;
/** The check was made, and decided on, before the sessions of that day. */
const asked = occurredNow(at('2026-03-02T16:30').instant);
const held = (id = sessionId, ...positive: string[]) =>
  SessionHeld(asked, { ...ofCourse, sessionId: id, practitionerId, positive: positive.length > 0 ? positive : [YES] });
const decided = (decision: 'proceed' | 'do-not-treat', id = sessionId, when = asked) =>
  SessionHoldDecided(when, { ...ofCourse, sessionId: id, physicianId, decision, reason: 'seen' });
const moved = (wall: string, id = sessionId) =>
  SessionRescheduled(now, { ...ofCourse, sessionId: id, siteId, practitionerId, at: at(wall) });
const cancelled = (id = sessionId) => SessionCancelled(now, { ...ofCourse, sessionId: id, reason: 'ill' });
const start = [planned, booked(sessionId, '2026-03-02T17:00')];
const yes = { check: { ...allNo(), [YES]: 'yes' as const } };

describe('a hold', () => {
  it.each([
    ['that nobody decided on', []],
    ['by a decision not to treat', [decided('do-not-treat')]],
  ])('[session.hold-stays] %s goes along when the session is moved, and back', (_, decisions) => {
    const away = [...start, held(), ...decisions, moved('2026-03-01T17:00')];
    expect(rules(perform({}, {}, '2026-03-01T17:00'), away)).toEqual(['session.held']);
    expect(rules(perform(), [...away, moved('2026-03-02T17:00')])).toEqual(['session.held']);
  });
  it('[session.hold-stays] that a physician has lifted is asked anew on another day', () => {
    const lifted = [...start, held(), decided('proceed')];
    expect(decide(perform({}, yes), lifted)).toHaveLength(1);
    expect(rules(perform({}, yes, '2026-03-01T17:00'), [...lifted, moved('2026-03-01T17:00')])).toEqual([
      'session.held',
    ]);
  });

  describe('and the other sessions of its course', () => {
    const other = newId();
    const two = [planned, booked(sessionId, '2026-03-03T17:00'), booked(other, '2026-03-17T17:00', 2)];
    const performOther = (wall = '2026-03-02T17:00', data = {}) => perform({}, data, wall, { sessionId: other });
    const unbooked = (wall: string) => perform({}, {}, wall, { kind: 'course', sessionId: newId() });
    const standing = (...events: CourseStreamEvent[]) => {
      const course = given(...two, ...events) as PlannedCourse;
      const of = course.sessions.find((each) => each.sessionId === other);
      const booking = { kind: 'course', at: at('2026-03-17T17:00'), hold: of?.hold, planned: [] } as const;
      return standingFindings(course, { ...world, lots: [] }, booking).map(({ rule }) => rule);
    };
    const decideOther = (decision: 'proceed' | 'do-not-treat'): CourseCommand => ({
      type: 'DecideSessionHold',
      sessionId: other,
      physicianId,
      physician,
      protocol: facial,
      otherCourses: [],
      decision,
      reason: 'healed',
    });

    it.each([
      ['that nobody decided on', []],
      ['by a decision not to treat', [decided('do-not-treat')]],
      ['of a session that was cancelled then', [decided('do-not-treat'), cancelled()]],
    ])('[session.hold-stays] %s stands against another that was booked already', (_, more) => {
      const events = [...two, held(), ...more];
      expect(rules(performOther(), events)).toEqual(['session.held']);
      expect(standing(held(), ...more)).toEqual(['session.held']);
      // Neither the minute nor an earlier time of the day makes it another one.
      for (const wall of ['2026-03-02T16:30', '2026-03-02T10:00']) {
        expect(rules(performOther(wall), events)).toEqual(['session.held']);
        expect(rules(unbooked(wall), events)).toEqual(['session.held']);
      }
      // What took place on a day before was not asked then.
      expect(decide(unbooked('2026-03-01T17:00'), events)).toHaveLength(1);
    });
    it('[session.hold-stays] stands against a session of the minute in which it was held', () => {
      const thisMinute = SessionHeld(occurredNow('2026-03-02T14:00:42.000Z'), held().data);
      expect(rules(unbooked('2026-03-02T17:00'), [...two, thisMinute])).toEqual(['session.held']);
    });
    it('[session.hold-stays] goes no further once a physician has let either of them go on', () => {
      expect(decide(performOther(), [...two, held(), decided('proceed')])).toHaveLength(1);
      const there = [held(), decided('do-not-treat'), cancelled()];
      const events = [...two, ...there];
      const decisions = decideCourse(decideOther('proceed'), given(...events), asked.instant);
      expect(decisions.map(({ type }) => type)).toEqual(['SessionHeld', 'SessionHoldDecided']);
      expect(standing(...there, ...decisions)).toEqual([]);
      expect(decide(performOther('2026-03-02T17:00', yes), [...events, ...decisions])).toHaveLength(1);
      expect(decide(decideOther('proceed'), [...events, ...decisions])).toEqual([]);
    });
    it('[session.hold-stays] is as it was decided last, also where both were decided at one instant', () => {
      const both = [...two, held(), held(other)];
      const first = [decided('do-not-treat', other), decided('proceed')];
      const last = [decided('proceed'), decided('do-not-treat', other)];
      expect(standingHold(given(...both, ...first) as PlannedCourse)).toBeUndefined();
      expect(standingHold(given(...both, ...last) as PlannedCourse)).toMatchObject({ decision: 'do-not-treat' });
    });
    it('[session.hold-stays] stands again when it is found anew after that', () => {
      const again = SessionHeld(occurredNow(at('2026-03-02T16:45').instant), held().data);
      const events = [...two, held(other), decided('proceed', other), again];
      expect(rules(performOther('2026-03-02T17:00', yes), events)).toEqual(['session.held']);
    });
    it('[session.hold-stays] stood on its day although a physician decided to go on afterwards', () => {
      const later = decided('proceed', sessionId, occurredNow(at('2026-03-02T17:30').instant));
      expect(rules(performOther('2026-03-02T17:00'), [...two, held(), later])).toEqual(['session.held']);
    });
    it('[session.hold-stays] of what has no override is in the patient’s record alone', () => {
      expect(standing(held(sessionId, 'pregnancy'))).toEqual([]);
      expect(decide(unbooked('2026-03-02T17:00'), [...two, held(sessionId, 'pregnancy')])).toHaveLength(1);
    });
    it('[session.hold-stays] is not washed out by a hold of another session for something else', () => {
      const hold: CourseCommand = {
        type: 'HoldSession',
        sessionId: other,
        practitionerId,
        protocol: facial,
        otherCourses: [],
        data: { practitioner: 'N1', positive: ['aspirin-or-nsaid'] },
      };
      expect(decide(hold, [...two, held()])).toMatchObject([{ data: { positive: ['aspirin-or-nsaid', YES] } }]);
    });
  });

  describe('and the other courses of the person', () => {
    const ASPIRIN = 'aspirin-or-nsaid';
    const there = newId();
    const another = newId();
    const THIRD = 'new-medication';
    /** Another course of the person, with a session that was booked in it. */
    const course = (...events: CourseStreamEvent[]): OtherCourse => ({
      ...(given(planned, booked(there, '2026-03-03T17:00'), ...events) as PlannedCourse),
      courseId: another,
    });
    /** Of nine in the morning of the day, so that each of them is said at another minute. */
    const minute = (n: number) => occurredNow(at(`2026-03-02T09:${String(n).padStart(2, '0')}`).instant);
    const heldThere = (n = 0, ...positive: string[]) =>
      SessionHeld(minute(n), { ...ofCourse, sessionId: there, practitionerId, positive });
    const decidedThere = (decision: 'proceed' | 'do-not-treat', n: number) => decided(decision, there, minute(n));
    const refused = [heldThere(0, YES, ASPIRIN), decidedThere('do-not-treat', 1)];
    const unbooked = (other: OtherCourse, wall = '2026-03-02T17:00', more: object = {}) =>
      perform({ otherCourses: [other], ...more }, {}, wall, { kind: 'course', sessionId: newId() });
    const standing = (other: OtherCourse, ...events: CourseStreamEvent[]) => {
      const state = given(...start, ...events) as PlannedCourse;
      const hold = state.sessions[0]?.hold;
      const judged = { ...world, lots: [], otherCourses: [other] };
      return standingFindings(state, judged, { kind: 'course', at: at('2026-03-02T17:00'), hold, planned: [] }).map(
        ({ rule }) => rule,
      );
    };
    const decideHere = (other: OtherCourse, decision: 'proceed' | 'do-not-treat' = 'proceed'): CourseCommand => ({
      ...{ type: 'DecideSessionHold', sessionId, physicianId, physician, protocol: facial, otherCourses: [other] },
      decision,
      reason: 'healed',
    });
    const decidesHere = (other: OtherCourse, events: readonly CourseStreamEvent[] = start, n = 30) =>
      decideCourse(decideHere(other), given(...events), minute(n).instant);

    it.each([
      ['that nobody decided on', []],
      ['by a decision not to treat', [decidedThere('do-not-treat', 1)]],
      ['of a session that was cancelled', [decidedThere('do-not-treat', 1), cancelled(there)]],
      ['of a course that was stopped', [cancelled(there), CourseStopped(minute(2), { ...ofCourse, reason: 'moved' })]],
    ])('[session.hold-stays] %s stands against a session of another course', (_, more) => {
      const other = course(heldThere(0, YES), ...more);
      expect(rules(unbooked(other), [planned])).toEqual(['session.held']);
      expect(rules(perform({ otherCourses: [other] }), start)).toEqual(['session.held']);
      expect(standing(other)).toEqual(['session.held']);
      // What took place on a day before was not asked then.
      expect(decide(unbooked(other, '2026-03-01T17:00'), [planned])).toHaveLength(1);
    });
    it('[session.hold-stays] is decided on in any of them, for all that was found', () => {
      const decisions = decidesHere(course(...refused));
      expect(decisions).toMatchObject([
        { type: 'SessionHeld', occurredAt: minute(0), data: { sessionId, positive: [ASPIRIN, YES] } },
        { type: 'SessionHoldDecided', data: { sessionId, decision: 'proceed' } },
      ]);
      const both = { check: { ...yes.check, [ASPIRIN]: 'yes' as const } };
      const after = [...start, ...decisions];
      expect(standing(course(...refused), ...decisions)).toEqual([]);
      expect(decide(perform({ otherCourses: [course(...refused)] }, both), after)).toHaveLength(1);
      expect(decide(unbooked(course(...refused)), after)).toHaveLength(1);
      expect(decide(decideHere(course(...refused)), after)).toEqual([]);
      expect(rules(decideHere(course()), start)).toEqual(['session.hold-decided']);
    });
    it('[session.hold-stays] is lifted by a later decision where it was found', () => {
      const other = course(...refused, decidedThere('proceed', 2));
      expect(decide(unbooked(other), [planned])).toHaveLength(1);
      expect(standing(other)).toEqual([]);
    });
    it('[session.hold-stays] is as a physician said it last, in whichever of them', () => {
      const here = decidesHere(course(...refused), start, 30);
      const before = course(...refused, decidedThere('do-not-treat', 29));
      const after = course(...refused, decidedThere('do-not-treat', 31));
      expect(standing(before, ...here)).toEqual([]);
      expect(standing(after, ...here)).toEqual(['session.held']);
      // The same, said again here after that, counts again.
      const again = decidesHere(after, [...start, ...here], 32);
      expect(standing(after, ...here, ...again)).toEqual([]);
      // What is found anew after that was not decided on.
      expect(standing(course(...refused, heldThere(31, YES)), ...here)).toEqual(['session.held']);
    });
    it('[session.hold-stays] is not lifted by a decision on something else', () => {
      const here = [
        SessionHeld(minute(10), { ...ofCourse, sessionId, practitionerId, positive: [THIRD] }),
        decided('proceed', sessionId, minute(11)),
      ];
      expect(standing(course(...refused), ...here)).toEqual(['session.held']);
      // What was found here as well stays found when all of it is decided on.
      const decisions = decidesHere(course(...refused), [...start, ...here]);
      expect(decisions).toMatchObject([
        { occurredAt: minute(10), data: { positive: [ASPIRIN, YES, THIRD] } },
        { data: { decision: 'proceed' } },
      ]);
      expect(standing(course(...refused), ...here, ...decisions)).toEqual([]);
    });
    it('[session.hold-stays] is not washed out by a hold for something else in another course', () => {
      const hold: CourseCommand = {
        type: 'HoldSession',
        sessionId,
        practitionerId,
        protocol: facial,
        otherCourses: [course(...refused)],
        data: { practitioner: 'N1', positive: [THIRD] },
      };
      expect(decide(hold, start)).toMatchObject([{ data: { positive: [ASPIRIN, YES, THIRD] } }]);
    });
    it('[session.hold-stays] of before its plan is held in a course from its plan on', () => {
      const was = SessionHeld(occurredNow('2025-12-01T09:00:00.000Z'), heldThere(0, YES).data);
      const decisions = decidesHere(course(was));
      expect(decisions[0]?.occurredAt).toEqual(planned.occurredAt);
      expect(standing(course(was))).toEqual(['session.held']);
      expect(standing(course(was), ...decisions)).toEqual([]);
    });
    it('[session.hold-stays] of several courses is decided on at once', () => {
      const third = { ...course(heldThere(5, THIRD)), courseId: newId() };
      const others = { otherCourses: [course(...refused), third] };
      const command = { ...decideHere(course()), ...others } as CourseCommand;
      const decisions = decideCourse(command, given(...start), minute(30).instant);
      expect(decisions).toMatchObject([{ occurredAt: minute(5), data: { positive: [ASPIRIN, YES, THIRD] } }, {}]);
      expect(decide(unbooked(course(), '2026-03-02T17:00', others), [...start, ...decisions])).toHaveLength(1);
    });
    it('[session.hold-stays] stands for what its protocol asks as well, and what may be decided on', () => {
      expect(standing(course(heldThere(0, 'pregnancy')))).toEqual([]);
      expect(standing(course(heldThere(0, 'scalp-wound')))).toEqual([]);
      expect(standing(course(heldThere(0, 'pregnancy', 'scalp-wound', YES)))).toEqual(['session.held']);
      expect(decidesHere(course(heldThere(0, 'pregnancy', 'scalp-wound', YES)))).toMatchObject([
        { data: { positive: [YES] } },
        {},
      ]);
    });
    it('[session.hold-stays] stood at its time whatever was decided since, in any of them', () => {
      const other = course(...refused, decidedThere('proceed', 20), decidedThere('do-not-treat', 40));
      expect(rules(unbooked(other, '2026-03-02T09:10'), [planned])).toEqual(['session.held']);
      expect(decide(unbooked(other, '2026-03-02T09:30'), [planned])).toHaveLength(1);
      expect(rules(unbooked(other, '2026-03-02T09:50'), [planned])).toEqual(['session.held']);
    });
  });
  it('[session.held] is judged by what a physician had said when the session began, whatever they said since', () => {
    const when = (wall: string) => occurredNow(at(`2026-03-02T${wall}`).instant);
    const changed = [
      ...[...start, SessionHeld(when('09:00'), held().data)],
      ...[decided('proceed', sessionId, when('10:00')), decided('do-not-treat', sessionId, when('10:10'))],
    ];
    expect(decide(perform({}, yes, '2026-03-02T10:05'), changed)).toHaveLength(1);
    // It is recorded as it was found on its day, all the same.
    expect(rules(perform({}, {}, '2026-03-02T10:05'), changed)).toEqual(['session.check-as-held']);
    expect(new Set(rules(perform({}, yes, '2026-03-02T09:55'), changed))).toEqual(new Set(['session.held']));
    expect(new Set(rules(perform({}, yes, '2026-03-02T10:15'), changed))).toEqual(new Set(['session.held']));
    const unbooked = perform({}, {}, '2026-03-02T10:05', { kind: 'course', sessionId: newId() });
    expect(decide(unbooked, changed)).toHaveLength(1);
  });
  it('[session.held] is decided on before the treatment, and not after it', () => {
    const later = occurredNow(at('2026-03-02T17:01').instant);
    const afterwards = [...start, held(), decided('proceed', sessionId, later)];
    for (const wall of ['2026-03-01T17:00', '2026-03-02T17:00']) {
      expect(new Set(rules(perform({}, yes, wall), afterwards))).toEqual(new Set(['session.held']));
    }
    expect(decide(perform({}, yes, '2026-03-02T17:01'), afterwards)).toHaveLength(1);
    // The same decision again is none of a later time.
    const again = [...start, held(), decided('proceed'), decided('proceed', sessionId, later)];
    expect(decide(perform({}, yes), again)).toHaveLength(1);
  });

  const book: CourseCommand = {
    type: 'BookSession',
    sessionId: newId(),
    kind: 'course',
    siteId,
    practitionerId,
    at: at('2026-03-05T10:00'),
    products: undefined,
    world: {
      consultation: cleared,
      practitioner: nurse,
      protocol: facial,
      person: { patients: [patient] },
      openAdverseEvents: [],
    },
  };
  const bookedAfter = (...events: CourseStreamEvent[]) => decide(book, [...start, ...events]).map(({ type }) => type);

  it('[session.hold-stays] goes over to the session that is booked in the place of the one that was held', () => {
    const missed = SessionMissed(now, { ...ofCourse, sessionId });
    for (const gone of [[cancelled()], [missed], [decided('do-not-treat'), cancelled()], []]) {
      expect(decide(book, [...start, held(), ...gone])).toMatchObject([
        { type: 'SessionBooked' },
        { type: 'SessionHeld', data: { sessionId: book.sessionId, practitionerId, positive: [YES] } },
      ]);
    }
  });
  it('[session.hold-stays] goes over no more once a physician has let a session go on', () => {
    expect(bookedAfter(cancelled())).toEqual(['SessionBooked']);
    expect(bookedAfter(held(), decided('proceed'), cancelled())).toEqual(['SessionBooked']);
    const next = newId();
    const treated = [booked(next, '2026-03-02T17:30', 2), held(next), decided('proceed', next)];
    expect(bookedAfter(held(), cancelled(), ...treated, performed(next, '2026-03-02T17:30', 2))).toEqual([
      'SessionBooked',
    ]);
  });
  it('[session.hold-stays] of what has no override stands in the patient’s record, and leaves the next session free', () => {
    expect(bookedAfter(held(sessionId, 'pregnancy'), cancelled())).toEqual(['SessionBooked']);
  });
  it.each([
    ['SessionHeld', 2],
    ['SessionHoldDecided', 3],
  ])('[session.hold-stays] is taken back by a physician only: %s', (_, entry) => {
    const events = [...start, held(), decided('do-not-treat')];
    const retract = (physicianNamed: object): CourseCommand => ({
      type: 'RetractCourseEntry',
      protocol: facial,
      eventId: eventIdOf(entry),
      reason: 'another patient',
      history: recorded(events),
      openFollowUps: [],
      ...physicianNamed,
    });
    expect(rules(retract({}), events)).toEqual(['session.hold-stays']);
    const by = (state: object) => ({ physician: { id: physicianId, state, on: '2026-03-02' } });
    expect(rules(retract(by(nurse)), events)).toEqual(['session.hold-stays']);
    // Who might not have decided it on that day takes nothing back (S2-Q1).
    expect(rules(retract(by({ ...physician, credentials: [] })), events)).toEqual(['session.hold-stays']);
    expect(decide(retract(by(physician)), events)).toMatchObject([{ data: { physicianId } }]);
  });
  it.each([
    ['that nobody decided on', []],
    ['by a decision not to treat', [decided('do-not-treat')]],
    ['of a session that was cancelled', [cancelled()]],
  ])('[session.hold-stays] %s is not washed out by taking the booking back', (_, more) => {
    const events = [...start, held(), ...more];
    const retractBooking = (after: readonly CourseStreamEvent[]): CourseCommand => ({
      type: 'RetractCourseEntry',
      protocol: facial,
      eventId: eventIdOf(1),
      reason: 'booked by mistake',
      history: recorded(after),
      openFollowUps: [],
      physician: { id: physicianId, state: physician, on: '2026-03-02' },
    });
    expect(rules(retractBooking(events), events)).toEqual(['session.hold-stays']);
    // Once a physician has taken the hold back, or decided to go on, there is nothing to wash out.
    const free = [...events, ...decide({ ...retractBooking(events), eventId: eventIdOf(2) } as CourseCommand, events)];
    expect(decide(retractBooking(free), free)).toHaveLength(1);
    expect(
      decide(retractBooking([...start, held(), decided('proceed')]), [...start, held(), decided('proceed')]),
    ).toHaveLength(1);
  });
  it('[session.check-as-held] of the day of the session is recorded with it as it was found', () => {
    const lifted = [...start, held(), decided('proceed')];
    expect(rules(perform(), lifted)).toEqual(['session.check-as-held']);
    expect(decide(perform({}, yes), lifted)).toHaveLength(1);
    // The day before, it was another answer.
    const before = SessionHeld(occurredNow(at('2026-03-01T10:00').instant), held().data);
    expect(decide(perform(), [...start, before, decided('proceed')])).toHaveLength(1);
  });
});

describe('what the pre-treatment check says of the patient', () => {
  const none = { conditions: [], medications: [], allergies: [] };
  const said = (positive: string[], substances?: string[], planned = ['hyaluronic acid', 'glutathione']) =>
    knowledgeOfCheck(facial, { positive, substances }, planned, none).map(
      ({ kind, statement }) => `${kind} ${statement}`,
    );
  it('[session.hold-stays] is told to the record where it has no override (S0-C1, S0-C5)', () => {
    expect(said(['pregnancy'])).toEqual(['condition pregnancy']);
    expect(said(['allergy-to-planned-substance'], ['glutathione'])).toEqual(['allergy glutathione']);
    expect(said(['allergy-to-planned-substance'])).toEqual(['allergy hyaluronic acid', 'allergy glutathione']);
    expect(said(['allergy-to-planned-substance'], undefined, [])).toEqual(['condition allergy-to-planned-substance']);
    expect(said([YES, 'aspirin-or-nsaid'])).toEqual([]);
  });
});

describe('a course that has ended', () => {
  const completed = [planned, CourseCompleted(now, ofCourse)];
  const maintenance = booked(sessionId, '2026-03-02T17:00', 1, 'maintenance');
  const stopped = CourseStopped(now, { ...ofCourse, reason: 'moved' });
  const standing = (kind: 'course' | 'maintenance', ...events: CourseStreamEvent[]) =>
    standingFindings(
      given(...events) as PlannedCourse,
      { ...world, lots: [] },
      { kind, at: at('2026-03-09T10:00'), hold: undefined, planned: [] },
    ).map(({ rule }) => rule);

  it('[course.not-active] has no maintenance performed that was booked before it was stopped', () => {
    expect(decide(perform(), [...completed, maintenance])).toHaveLength(1);
    expect(rules(perform(), [...completed, maintenance, stopped])).toEqual(['course.not-active']);
  });
  it('[maintenance.after-course] has no maintenance performed while it is not completed', () => {
    expect(rules(perform(), [planned, maintenance])).toEqual(['maintenance.after-course']);
  });
  it('[course.not-active] has what took place before it was stopped, and nothing after that', () => {
    const was = CourseStopped(occurredNow(at('2026-03-02T12:00').instant), { ...ofCourse, reason: 'moved' });
    const before = '2026-03-02T12:00';
    const unbooked = (wall: string) => perform({}, {}, wall, { kind: 'course', sessionId: newId() });
    expect(decide(perform({}, {}, before), [...start, was])).toHaveLength(1);
    expect(decide(unbooked(before), [planned, was])).toHaveLength(1);
    expect(rules(unbooked('2026-03-02T12:01'), [planned, was])).toEqual(['course.not-active']);
    expect(rules(perform(), [...start, was])).toEqual(['course.not-active']);
  });
  it('[course.not-active] [course.lapsed] has no session afterwards that would have kept it from lapsing', () => {
    const since = addDays('2026-03-02', -facial.lapse.afterDays);
    const plannedThen = { ...planned, occurredAt: occurredNow(`${addDays(since, -30)}T09:00:00.000Z`) };
    const lapsed = CourseLapsed(now, { ...ofCourse, practitionerId, reason: 'no answer' });
    const on = (day: string) =>
      perform({ consultation: { ...cleared, concludedOn: addDays(since, -20) } }, {}, `${day}T10:00`, {
        ...{ kind: 'course', sessionId: newId() },
      });
    const said = (day: string) => refusal(() => decide(on(day), [plannedThen, lapsed])).rules;
    expect(said(since)).toEqual(['course.not-active']);
    expect(() => decide(on(since), [plannedThen, lapsed])).toThrow(
      expect.objectContaining({ fields: [expect.objectContaining({ accepted: expect.stringContaining(since) })] }),
    );
    expect(said(addDays(since, -1))).not.toContain('course.not-active');
  });
  it('[course.not-active] [maintenance.declined] blocks what is still booked in it', () => {
    expect(standing('course', planned)).toEqual([]);
    expect(standing('course', planned, stopped)).toEqual(['course.not-active']);
    expect(
      standing('course', planned, CourseLapsed(now, { ...ofCourse, practitionerId, reason: 'no answer' })),
    ).toEqual(['course.not-active']);
    expect(standing('maintenance', ...completed)).toEqual([]);
    expect(standing('maintenance', ...completed, MaintenanceDeclined(now, ofCourse))).toEqual(['maintenance.declined']);
    expect(standing('maintenance', ...completed, stopped)).toEqual(['course.not-active']);
  });
  it('[correction.maintenance-first] is not active again while maintenance rests on its end', () => {
    const retract = (events: readonly CourseStreamEvent[]): CourseCommand => ({
      type: 'RetractCourseEntry',
      protocol: facial,
      eventId: eventIdOf(1),
      reason: 'too early',
      history: recorded(events),
      openFollowUps: [],
    });
    const rest = [...completed, maintenance];
    expect(rules(retract(rest), rest)).toEqual(['correction.maintenance-first']);
    const done = [...rest, performed(sessionId, '2026-03-02T17:00', 1, { kind: 'maintenance' })];
    expect(rules(retract(done), done)).toEqual(['correction.maintenance-first']);
    const free = [...rest, cancelled()];
    expect(decide(retract(free), free)).toHaveLength(1);
  });
  it('[course.session-open] does not lapse while a session is booked', () => {
    const lapse: CourseCommand = {
      type: 'LapseCourse',
      practitionerId,
      protocol: facial,
      today: '2026-06-01',
      reason: 'no answer',
    };
    const treated = [planned, performed(newId(), '2026-01-05T10:00', 1), booked(sessionId, '2026-06-04T17:00', 2)];
    expect(rules(lapse, treated)).toEqual(['course.session-open']);
    expect(decide(lapse, [...treated, cancelled()])).toHaveLength(1);
  });
});
