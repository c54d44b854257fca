import fc from 'fast-check';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import {
  at,
  booked,
  eventIdOf,
  followUp,
  given,
  NOW,
  ofCourse,
  perform,
  performed,
  physicianId,
  planned,
  practitionerId,
  recorded,
  refusal,
  sessionId,
  siteId,
  world,
} from '#test/support/course-given.js';
import { decide, rules } from '#test/support/course-decided.js';
import { type CourseCommand, decideCourse } from './course.decider.js';
import { CourseStopped, type CourseStreamEvent, SessionHeld, SessionHoldDecided } from './course.events.js';
import { type PlannedCourse } from './course.state.js';
import { lastingReactions } from './lasting-reaction.rules.js';

describe('a follow-up', () => {
  it('[follow-up.in-future] is recorded once it has been held', () => {
    const held = (wall: string): CourseCommand => ({
      type: 'HoldFollowUp',
      followUpId: newId(),
      siteId,
      practitionerId: undefined,
      at: at(wall),
      data: { site: 'IST1', kind: 'remote', at: wall, reactions: [] },
    });
    expect(rules(held('2026-03-03T10:00'), given(planned))).toEqual(['follow-up.in-future']);
    expect(decide(held('2026-03-01T10:00'), given(planned))).toMatchObject([{ type: 'FollowUpHeld' }]);
  });
  it('[follow-up.after-plan] is held after the course was planned', () => {
    const held = (wall: string): CourseCommand => ({
      type: 'HoldFollowUp',
      followUpId: newId(),
      siteId,
      practitionerId: undefined,
      at: at(wall),
      data: { site: 'IST1', kind: 'remote', at: wall, reactions: [] },
    });
    for (const wall of ['1990-01-01T10:00', '2026-01-02T11:59']) {
      expect(rules(held(wall), given(planned))).toEqual(['follow-up.after-plan']);
    }
    expect(decide(held('2026-01-02T12:00'), given(planned))).toHaveLength(1);
  });
  it('[follow-up.lasting-reaction] proposes a reaction that outlasts the protocol’s few days, until a human has judged it (S4-R1)', () => {
    const seen = (wall: string) => followUp(wall, { reactions: ['redness'] });
    const session = performed(sessionId, '2026-02-20T10:00', 1);
    const soon = given(planned, session, seen('2026-02-25T10:00')) as PlannedCourse;
    expect(lastingReactions(soon, facial)).toEqual([]);
    const late = seen('2026-02-26T10:00');
    const state = given(planned, session, late) as PlannedCourse;
    expect(lastingReactions(state, facial)).toMatchObject([{ reaction: 'redness', days: 6, withinDays: 5, sessionId }]);
    const judge: CourseCommand = {
      type: 'JudgeReaction',
      followUpId: late.data.followUpId,
      practitionerId,
      protocol: facial,
      data: { practitioner: 'P1', reaction: 'redness', judgement: 'expected', note: 'fading' },
    };
    expect(rules(judge, soon)).toEqual(['follow-up.lasting-reaction']);
    const after = given(planned, session, late, ...decide(judge, state)) as PlannedCourse;
    expect(lastingReactions(after, facial)).toEqual([]);
    expect(decide(judge, after)).toEqual([]);
  });
});

describe('the end of a course', () => {
  it('[course.complete] is completion when all planned sessions were performed and none is still booked', () => {
    const four = ['2026-01-05', '2026-01-19', '2026-02-02', '2026-02-16'].map((date, n) =>
      performed(newId(), `${date}T10:00`, n + 1),
    );
    const completing = { type: 'CompleteCourse' } as const;
    expect(rules(completing, given(planned, ...four.slice(1)))).toEqual(['course.complete']);
    expect(rules(completing, given(planned, ...four, booked(newId(), '2026-03-05T10:00', 5)))).toEqual([
      'course.complete',
    ]);
    expect(decide(completing, given(planned, ...four))).toMatchObject([{ type: 'CourseCompleted' }]);
  });
  it('[course.lapsed] is a person’s decision, once there was no session for longer than the protocol allows', () => {
    const lapse = (today: string): CourseCommand => ({
      type: 'LapseCourse',
      practitionerId,
      protocol: facial,
      today,
      reason: 'no answer',
    });
    const state = given(planned, performed(newId(), '2026-01-05T10:00', 1));
    expect(rules(lapse('2026-04-05'), state)).toEqual(['course.lapsed']);
    expect(decide(lapse('2026-04-06'), state)).toMatchObject([{ type: 'CourseLapsed' }]);
    expect(rules(lapse('2027-04-06'), given(planned))).toEqual(['course.lapsed']);
  });
});

describe('a correction', () => {
  const history = [planned, booked(sessionId, '2026-03-02T17:00'), performed(sessionId, '2026-03-02T17:00', 1)];
  const correct = (changes: object, events: CourseStreamEvent[] = history, entry = 2): CourseCommand => ({
    type: 'CorrectCourseEntry',
    eventId: eventIdOf(entry),
    entry: 'SessionPerformed',
    changes: changes as never,
    reason: 'typed wrongly',
    history: recorded(events),
    openFollowUps: [],
    world,
  });
  const state = given(...history);

  it('[correction.correctable] says an entry anew, and read models show what it says', () => {
    const [event] = decide(correct({ at: at('2026-03-01T10:00'), painScore: 3 }), state);
    expect(event).toMatchObject({
      type: 'SessionPerformedCorrected',
      occurredAt: { instant: at('2026-03-01T10:00').instant },
      data: { corrects: eventIdOf(2), sessionId, painScore: 3, correctionReason: 'typed wrongly' },
    });
    const after = given(...history, event as CourseStreamEvent) as PlannedCourse;
    expect(after.sessions).toMatchObject([{ status: 'performed', at: at('2026-03-01T10:00'), painScore: 3 }]);
    expect(rules(correct({ painScore: 3 }, history, 1), state)).toEqual(['correction.correctable']);
  });
  it('takes an optional value away, and adds nothing when it says what is said already', () => {
    const scored = [...history.slice(0, 2), performed(sessionId, '2026-03-02T17:00', 1, { painScore: 5 })];
    const events = decide(correct({ painScore: null }, scored), given(...scored));
    expect(events[0]?.data).not.toHaveProperty('painScore');
    expect(decide(correct({ painScore: 5 }, scored), given(...scored))).toEqual([]);
    expect(decide(correct({ painScore: null }, [...scored, ...events]), given(...scored, ...events))).toEqual([]);
  });
  it('is not refused for breaking a clinical rule: what happened becomes a deviation', () => {
    expect(decide(correct({ depthMm: 9 }), state)).toHaveLength(1);
  });
  it('[correction.identity] never moves an entry to another patient or session', () => {
    expect(rules(correct({ patientId: newId() }), state)).toEqual(['correction.identity']);
    expect(rules(correct({ sessionId: newId() }), state)).toEqual(['correction.identity']);
  });
  it('[correction.in-future] says what has happened', () => {
    expect(rules(correct({ at: at('2026-03-03T10:00') }), state)).toEqual(['correction.in-future']);
  });
  it('[correction.retractable] [correction.not-retracted] takes back what never happened, once', () => {
    const retract = (entry: number, events: CourseStreamEvent[] = history): CourseCommand => ({
      type: 'RetractCourseEntry',
      protocol: facial,
      eventId: eventIdOf(entry),
      reason: 'wrong patient',
      history: recorded(events),
      openFollowUps: [],
    });
    expect(rules(retract(0), state)).toEqual(['correction.retractable']);
    const after = [...history, ...decide(retract(2), state)];
    expect(given(...after)).toMatchObject({ sessions: [{ sessionId, status: 'booked' }] });
    expect(decide(retract(2, after), given(...after))).toEqual([]);
    expect(rules(correct({ painScore: 1 }, after), given(...after))).toEqual(['correction.not-retracted']);
    expect(decide(perform(), given(...after))).toHaveLength(1);
  });
  it('[correction.adverse-event-open] does not take an open adverse event away', () => {
    const found = followUp('2026-03-01T10:00', { adverseEvent: { kind: 'infection', severity: 'mild' } });
    const events = [planned, found];
    const about = { eventId: eventIdOf(1), reason: 'wrong patient', history: recorded(events) };
    const change = (openFollowUps: string[]): CourseCommand => ({
      type: 'CorrectCourseEntry',
      entry: 'FollowUpHeld',
      changes: { adverseEvent: null },
      ...about,
      openFollowUps,
      world,
    });
    const open = [found.data.followUpId];
    expect(rules(change(open), given(...events))).toEqual(['correction.adverse-event-open']);
    expect(decide(change([]), given(...events))).toHaveLength(1);
    const retract = (openFollowUps: string[]): CourseCommand => ({
      type: 'RetractCourseEntry',
      protocol: facial,
      ...about,
      openFollowUps,
    });
    expect(rules(retract(open), given(...events))).toEqual(['correction.adverse-event-open']);
    expect(decide(retract([]), given(...events))).toHaveLength(1);
  });
  it('[correction.course-ended] takes back the end of a course before its sessions', () => {
    const ended = [...history, CourseStopped(occurredNow(NOW), { ...ofCourse, reason: 'moved' })];
    const retract = (entry: number, events: CourseStreamEvent[]): CourseCommand => ({
      type: 'RetractCourseEntry',
      protocol: facial,
      eventId: eventIdOf(entry),
      reason: 'never',
      history: recorded(events),
      openFollowUps: [],
    });
    expect(rules(retract(2, ended), given(...ended))).toEqual(['correction.course-ended']);
    const reopened = [...ended, ...decide(retract(3, ended), given(...ended))];
    expect(decide(retract(2, reopened), given(...reopened))).toHaveLength(1);
  });
  it('lets a value that is said anew deviate by itself, whatever was accepted before', () => {
    const accepted = {
      depthMm: 9,
      overridden: ['depth', 'device'],
      overrideReasons: { depth: 'scar', device: 'asked' },
    };
    const deep = [...history.slice(0, 2), performed(sessionId, '2026-03-02T17:00', 1, accepted)];
    expect(decide(correct({ depthMm: 2 }, deep), given(...deep))).toMatchObject([{ data: { overridden: ['device'] } }]);
  });
  it('[session.ends-after-start] ends after it began', () => {
    expect(rules(correct({ endedAt: at('2026-03-02T16:00') }), state)).toEqual(['session.ends-after-start']);
  });
  it('can itself be taken back, which brings back what was said before', () => {
    const corrected = [...history, ...decide(correct({ depthMm: 9 }), state)];
    const retract: CourseCommand = {
      type: 'RetractCourseEntry',
      protocol: facial,
      eventId: eventIdOf(3),
      reason: 'was right',
      history: recorded(corrected),
      openFollowUps: [],
    };
    const after = given(...corrected, ...decide(retract, given(...corrected)));
    expect(after).toEqual(state);
  });
  it('names an entry that is there', () => {
    expect(refusal(() => decide(correct({ painScore: 1 }, history, 9), state)).code).toBe('entry.unknown');
  });
});

it('[session.not-booked] never performs, misses or cancels a session twice, whatever is asked in whatever order', () => {
  const command = fc.constantFrom<CourseCommand>(
    perform(),
    { type: 'MissSession', sessionId },
    { type: 'CancelSession', sessionId, reason: 'ill' },
    { type: 'CompleteCourse' },
    { type: 'StopCourse', reason: 'moved' },
    { type: 'DeclineMaintenance' },
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      const history: CourseStreamEvent[] = [planned, booked(sessionId, '2026-03-02T17:00')];
      for (const each of commands) {
        try {
          history.push(...decideCourse(each, given(...history), NOW));
        } catch (error) {
          expect(error).toBeInstanceOf(PistorError);
        }
      }
      const ends = (types: string[]) => history.filter(({ type }) => types.includes(type)).length;
      expect(ends(['SessionPerformed', 'SessionMissed', 'SessionCancelled'])).toBeLessThanOrEqual(1);
      expect(ends(['CourseCompleted', 'CourseStopped'])).toBeLessThanOrEqual(1);
      expect(ends(['MaintenanceDeclined'])).toBeLessThanOrEqual(1);
    }),
  );
});

it('adds nothing when a command is decided again on what it made, or is refused', () => {
  const done = [planned, booked(sessionId, '2026-03-02T17:00'), performed(sessionId, '2026-03-02T17:00', 1)];
  const held = SessionHeld(occurredNow(NOW), { ...ofCourse, sessionId, practitionerId, positive: ['new-medication'] });
  const decided = SessionHoldDecided(occurredAt(at('2026-03-02T17:30')), {
    ...ofCourse,
    sessionId,
    physicianId,
    decision: 'proceed',
    reason: 'harmless',
  });
  const start = fc.constantFrom<CourseStreamEvent[]>(
    done,
    done.slice(0, 2),
    [...done.slice(0, 2), held],
    [...done.slice(0, 2), held, decided],
  );
  const command = fc.constantFrom<(history: CourseStreamEvent[]) => CourseCommand>(
    () => perform(),
    () => ({ type: 'MissSession', sessionId }),
    () => ({ type: 'CancelSession', sessionId, reason: 'ill' }),
    () => ({ type: 'StopCourse', reason: 'moved' }),
    () => ({ type: 'DeclineMaintenance' }),
    () => ({ type: 'PlanSessionProducts', sessionId, products: [{ product: 'GlowMeso HA' }] }),
    (history) => ({
      type: 'CorrectCourseEntry',
      eventId: eventIdOf(2),
      entry: 'SessionPerformed',
      changes: { depthMm: 3 },
      reason: 'typed wrongly',
      history: recorded(history),
      openFollowUps: [],
      world,
    }),
    (history) => ({
      type: 'RetractCourseEntry',
      protocol: facial,
      eventId: eventIdOf(1),
      reason: 'never',
      history: recorded(history),
      openFollowUps: [],
    }),
  );
  fc.assert(
    fc.property(start, command, (history, make) => {
      const once = attempt(make(history), history);
      if (once.length === 0) return;
      const after = [...history, ...once];
      expect(attempt(make(after), after)).toEqual([]);
    }),
  );
});

/** What a command makes of a history; nothing where it is refused. */

function attempt(command: CourseCommand, history: CourseStreamEvent[]): CourseStreamEvent[] {
  try {
    return decideCourse(command, given(...history), NOW);
  } catch (error) {
    if (error instanceof PistorError) return [];
    throw error;
  }
}
