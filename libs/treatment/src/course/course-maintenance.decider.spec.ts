import fc from 'fast-check';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { addDateDuration, addDays } from '#libs/kernel/src/local-date.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import type { PractitionerState } from '../practitioner/practitioner.state.js';
import {
  type CourseEvent,
  CourseCompleted,
  CourseEntryRetracted,
  type CourseStreamEvent,
  MaintenanceDeclined,
  MaintenanceResumed,
  MaintenanceScheduled,
  SessionPerformedCorrected,
} from './course.events.js';
import { courseWindow, laterCourseBegan, suggestedCourse, windowToBeSet } from './course-maintenance.js';
import { decideMaintenance, type MaintenanceCommand } from './course-maintenance.decider.js';
import type { PersonEnd } from './maintenance-end.rules.js';
import { MaintenanceRefused } from './course-maintenance.errors.js';
import { courseFold, type PlannedCourse } from './course.state.js';

const of = { site: newId(), patient: newId(), practitioner: newId() };
const NOW = '2026-06-01T09:00:00.000Z';
const TODAY = '2026-06-01';
const at = occurredNow(NOW);
const protocolOf = (code: string) => builtInProtocol(code) as Protocol;
const faq = protocolOf('clinic-faq');
const facial = protocolOf('facial');

const course = (protocol = 'clinic-faq') => new CourseHistory(of, { protocol });
const named = ({ id }: CourseHistory) => ({ courseId: id, patientId: of.patient });
/** Two sessions, the later one on 21 February 2026. */
const completed = (protocol = 'clinic-faq') => {
  const history = course(protocol).performed('2026-01-10T10:00').performed('2026-02-21T10:00');
  return history.push(CourseCompleted(at, named(history)));
};

/** Events as they are recorded, one after the other. */
function recorded(events: readonly NewEvent[]): RecordedEvent<CourseStreamEvent>[] {
  return events.map(
    (event, n) =>
      ({
        ...event,
        position: n + 1,
        revision: n,
        recordedAt: NOW,
        header: { id: `0199a000-0000-7000-8000-${String(n).padStart(12, '0')}`, origin: 'live' },
      }) as unknown as RecordedEvent<CourseStreamEvent>,
  );
}
const idOf = (history: CourseHistory, type: string) =>
  recorded(history.events).find((event) => event.type === type)?.header.id as string;

function stateOf(events: readonly NewEvent[]): PlannedCourse {
  const effective = effectiveHistory(recorded(events)) as unknown as RecordedEvent<CourseEvent>[];
  const state = effective.reduce(courseFold.evolve, courseFold.initial);
  if (state.status === 'none') throw new Error('The course was never planned');
  return state;
}
const given = (history: CourseHistory, ...events: NewEvent[]) => stateOf([...history.events, ...events]);

const physician: PractitionerState = {
  status: 'registered',
  practitionerId: of.practitioner,
  role: 'physician',
  credentials: [{ procedures: ['clinic-faq', 'facial', 'general'], validFrom: '2025-01-01', validTo: TODAY }],
};
const here: PersonEnd = { diedOn: null, movedAwayOn: null, isErased: false };
const schedule = (
  opens: string,
  closes: string,
  changes: Partial<Extract<MaintenanceCommand, { type: 'ScheduleMaintenance' }>> = {},
): MaintenanceCommand => ({
  type: 'ScheduleMaintenance',
  physicianId: of.practitioner,
  physician,
  person: here,
  laterCourseBegan: null,
  declinedElsewhere: false,
  opens,
  closes,
  ...changes,
});
const resume = (person = here): MaintenanceCommand => ({ type: 'ResumeMaintenance', person });

const decide = (command: MaintenanceCommand, state: PlannedCourse, protocol = faq) =>
  decideMaintenance(command, state, protocol, TODAY, NOW);
const when = (command: MaintenanceCommand, state: PlannedCourse, protocol = faq) =>
  decide(command, state, protocol).map(({ type }) => type);
function refusal(command: MaintenanceCommand, state: PlannedCourse, protocol = faq) {
  try {
    decide(command, state, protocol);
  } catch (error) {
    if (error instanceof MaintenanceRefused) return error.fields;
    throw error;
  }
  throw new Error('It was not refused');
}
const rules = (...of: Parameters<typeof refusal>) => refusal(...of).map(({ rule }) => rule);
const scheduled = (history: CourseHistory, opens: string, closes: string, then = at) =>
  MaintenanceScheduled(then, { ...named(history), physicianId: of.practitioner, opens, closes });

describe('the window that a physician sets', () => {
  it('[maintenance.physician-sets] is the window of the course', () => {
    const history = completed();
    const events = decide(schedule('2026-08-01', '2026-08-31'), given(history));
    expect(events.map(({ type }) => type)).toEqual(['MaintenanceScheduled']);
    expect(courseWindow(given(history, ...events), faq)).toEqual({
      opens: '2026-08-01',
      closes: '2026-08-31',
      ordinal: 1,
    });
  });

  it('[maintenance.physician-sets] is set by nobody else', () => {
    const nurse = { ...physician, role: 'nurse' as const };
    const [field] = refusal(schedule('2026-08-01', '2026-08-31', { physician: nurse }), given(completed()));
    expect(field).toMatchObject({
      rule: 'maintenance.physician-sets',
      seen: 'nurse',
      facts: ['S4-N1', 'S4-E1', 'S2-Q1'],
    });
  });

  it('[maintenance.physician-sets] is set by whoever may carry out the procedure on that day, not before it (S2-Q1)', () => {
    const until = (validTo: string) => ({
      ...physician,
      credentials: [{ procedures: ['clinic-faq'], validFrom: '2025-01-01', validTo }],
    });
    expect(when(schedule('2026-08-01', '2026-08-31', { physician: until(TODAY) }), given(completed()))).toEqual([
      'MaintenanceScheduled',
    ]);
    const [field] = refusal(
      schedule('2026-08-01', '2026-08-31', { physician: until('2026-05-31') }),
      given(completed()),
    );
    expect(field).toMatchObject({ rule: 'maintenance.physician-sets', seen: expect.stringContaining('credential') });
  });

  it('[maintenance.latest] closes within a year of the last session, and the refusal names the fact (S4-E1)', () => {
    expect(when(schedule('2026-08-01', '2027-02-21'), given(completed()))).toEqual(['MaintenanceScheduled']);
    expect(refusal(schedule('2026-08-01', '2027-02-22'), given(completed()))).toEqual([
      expect.objectContaining({
        field: 'closes',
        rule: 'maintenance.latest',
        facts: ['S4-E1'],
        seen: '2027-02-22',
        accepted: '2027-02-21 or earlier',
      }),
    ]);
  });

  it('[maintenance.latest] is counted from the last maintenance session where there was one', () => {
    const history = completed().performed('2026-05-20T10:00', { kind: 'maintenance' });
    expect(when(schedule('2026-08-01', '2027-05-20'), given(history))).toEqual(['MaintenanceScheduled']);
    expect(rules(schedule('2026-08-01', '2027-05-21'), given(history))).toEqual(['maintenance.latest']);
  });

  it('[maintenance.latest] has no limit where the protocol names none', () => {
    const history = completed('general');
    expect(when(schedule('2030-08-01', '2030-09-01'), given(history), protocolOf('general'))).toEqual([
      'MaintenanceScheduled',
    ]);
  });

  it('[maintenance.window-order] lies after the last session, is in order and is not over', () => {
    const state = given(completed());
    expect(rules(schedule('2026-02-21', '2026-08-31'), state)).toEqual(['maintenance.window-order']);
    expect(rules(schedule('2026-09-01', '2026-08-31'), state)).toEqual(['maintenance.window-order']);
    expect(rules(schedule('2026-05-01', '2026-05-31'), state)).toEqual(['maintenance.window-order']);
    expect(when(schedule('2026-05-01', '2026-06-01'), state)).toEqual(['MaintenanceScheduled']);
  });

  it('[maintenance.rhythm-sets] is not set beside a rhythm', () => {
    expect(refusal(schedule('2026-08-01', '2026-08-31'), given(completed('facial')), facial)).toEqual([
      expect.objectContaining({ rule: 'maintenance.rhythm-sets', facts: ['S1-M2'] }),
    ]);
  });

  it('[maintenance.after-course] follows a course that was completed', () => {
    const unfinished = course().performed('2026-02-21T10:00');
    expect(rules(schedule('2026-08-01', '2026-08-31'), given(unfinished))).toEqual(['maintenance.after-course']);
    const empty = course();
    const ended = given(empty, CourseCompleted(at, named(empty)));
    expect(rules(schedule('2026-08-01', '2026-08-31'), ended)).toEqual(['maintenance.after-course']);
  });

  it('[maintenance.declined] is not set while the patient wants no maintenance', () => {
    const history = completed();
    const declined = given(history, MaintenanceDeclined(at, named(history)));
    expect(rules(schedule('2026-08-01', '2026-08-31'), declined)).toEqual(['maintenance.declined']);
  });

  it('[maintenance.later-course] is not set once a later course under the same protocol has begun', () => {
    const [former, later] = [completed(), course().performed('2026-04-02T10:00')];
    const began = laterCourseBegan(given(former), [given(former), given(later)]);
    expect(began).toBe('2026-04-02');
    const command = schedule('2026-08-01', '2026-08-31', { laterCourseBegan: began });
    expect(rules(command, given(former))).toEqual(['maintenance.later-course']);
    expect(laterCourseBegan(given(later), [given(former), given(later)])).toBeNull();
    expect(laterCourseBegan(given(former), [given(completed('facial'))])).toBeNull();
  });

  it.each([
    ['died', { ...here, diedOn: TODAY }],
    ['moved away', { ...here, movedAwayOn: TODAY }],
    ['erased', { ...here, isErased: true }],
  ])('[maintenance.patient-gone] is not set for a patient who is gone: %s', (seen, person) => {
    const command = schedule('2026-08-01', '2026-08-31', { person });
    expect(refusal(command, given(completed()))).toMatchObject([{ rule: 'maintenance.patient-gone', seen }]);
  });

  it('[maintenance.patient-gone] may be set until the day on which the patient moves away', () => {
    const person = { ...here, movedAwayOn: '2026-06-02' };
    expect(when(schedule('2026-08-01', '2026-08-31', { person }), given(completed()))).toEqual([
      'MaintenanceScheduled',
    ]);
  });

  it('[maintenance.set-once] counts for one session: then it is to be set anew, counted from that session', () => {
    const history = completed();
    history.push(scheduled(history, '2026-04-01', '2026-04-30', occurredAt(zoned('2026-03-01T10:00'))));
    expect(windowToBeSet(given(history), faq)).toBeNull();
    history.performed('2026-04-12T10:00', { kind: 'maintenance' });
    expect(courseWindow(given(history), faq)).toBeNull();
    expect(windowToBeSet(given(history), faq)).toEqual({ ordinal: 2, latest: '2027-04-12' });
  });

  it('[maintenance.set-once] stays where a session is entered late that began before it was set', () => {
    const set = scheduled(completed(), '2026-08-01', '2026-08-31', occurredAt(zoned('2026-06-01T09:30')));
    const window = { opens: '2026-08-01', closes: '2026-08-31', ordinal: 2 };
    const after = (wall: string) => given(completed().push(set).performed(wall, { kind: 'maintenance' }));
    expect(courseWindow(after('2026-04-12T10:00'), faq)).toEqual(window);
    expect(windowToBeSet(after('2026-04-12T10:00'), faq)).toBeNull();
    expect(courseWindow(after('2026-06-01T09:29'), faq)).toEqual(window);
    // Of the same minute the order of entry tells.
    expect(courseWindow(after('2026-06-01T09:30'), faq)).toBeNull();
    const before = completed().performed('2026-06-01T09:30', { kind: 'maintenance' });
    expect(courseWindow(given(before.push(set)), faq)).toEqual(window);
  });

  it('[maintenance.set-once] may be set anew before a session took place', () => {
    const history = completed();
    history.push(scheduled(history, '2026-08-01', '2026-08-31'), scheduled(history, '2026-10-01', '2026-10-31'));
    expect(courseWindow(given(history), faq)).toMatchObject({ opens: '2026-10-01', closes: '2026-10-31' });
  });

  it('[maintenance.to-be-set] is asked for until a year after the last session, where the protocol says so', () => {
    expect(windowToBeSet(given(completed()), faq)).toEqual({ ordinal: 1, latest: '2027-02-21' });
    expect(windowToBeSet(given(completed('general')), protocolOf('general'))).toBeNull();
    expect(windowToBeSet(given(completed('facial')), facial)).toBeNull();
    expect(windowToBeSet(given(course().performed('2026-01-10T10:00')), faq)).toBeNull();
  });
});

describe('maintenance that was declined', () => {
  it('[maintenance.resumed] goes on in the window that the course has', () => {
    const history = completed('facial');
    const declined = MaintenanceDeclined(at, named(history));
    expect(courseWindow(given(history, declined), facial)).toBeNull();
    const events = decide(resume(), given(history, declined), facial);
    expect(events.map(({ type }) => type)).toEqual(['MaintenanceResumed']);
    expect(courseWindow(given(history, declined, ...events), facial)).toEqual(courseWindow(given(history), facial));
  });

  it('[maintenance.resumed] is not resumed where nobody declined it', () => {
    expect(when(resume(), given(completed('facial')), facial)).toEqual([]);
  });

  it('[maintenance.patient-gone] is not resumed for a patient who has died', () => {
    const history = completed('facial');
    const declined = given(history, MaintenanceDeclined(at, named(history)));
    expect(rules(resume({ ...here, diedOn: '2026-05-30' }), declined, facial)).toEqual(['maintenance.patient-gone']);
  });
});

describe('a correction', () => {
  const correctedSession = (history: CourseHistory, wall: string) => {
    const performed = history.events.find(({ type }) => type === 'SessionPerformed');
    return SessionPerformedCorrected(occurredAt(zoned(wall)), {
      ...(performed?.data as Parameters<typeof SessionPerformedCorrected>[1]),
      at: zoned(wall),
      corrects: idOf(history, 'SessionPerformed'),
      correctionReason: 'the date was mistyped',
    });
  };

  it('[maintenance.anchor-moves] of the first session moves the window of a rhythm', () => {
    const history = completed('facial');
    expect(courseWindow(given(history), facial)).toMatchObject({ opens: '2026-04-10', closes: '2026-07-10' });
    expect(courseWindow(given(history, correctedSession(history, '2026-01-30T10:00')), facial)).toMatchObject({
      opens: '2026-04-30',
      closes: '2026-07-30',
    });
  });

  it('[maintenance.set-once] of the time of a session tells whether it used up the window that was set', () => {
    const set = (history: CourseHistory) =>
      scheduled(history, '2026-04-01', '2026-04-30', occurredAt(zoned('2026-03-20T10:00')));
    const corrected = (history: CourseHistory, wall: string) => {
      const entry = recorded(history.events).findLast(({ type }) => type === 'SessionPerformed');
      return SessionPerformedCorrected(occurredAt(zoned(wall)), {
        ...(entry?.data as Parameters<typeof SessionPerformedCorrected>[1]),
        at: zoned(wall),
        corrects: entry?.header.id as string,
        correctionReason: 'the date was mistyped',
      });
    };
    const window = { opens: '2026-04-01', closes: '2026-04-30', ordinal: 2 };
    const entered = completed();
    entered.push(set(entered)).performed('2026-04-12T10:00', { kind: 'maintenance' });
    expect(courseWindow(given(entered), faq)).toBeNull();
    expect(courseWindow(given(entered, corrected(entered, '2026-03-12T10:00')), faq)).toEqual(window);
    // Entered before the window was set, on the wrong day.
    const early = completed().performed('2026-03-12T10:00', { kind: 'maintenance' });
    early.push(set(early));
    expect(courseWindow(given(early), faq)).toEqual(window);
    const moved = given(early, corrected(early, '2026-04-12T10:00'));
    expect(courseWindow(moved, faq)).toBeNull();
    expect(windowToBeSet(moved, faq)).toEqual({ ordinal: 2, latest: '2027-04-12' });
  });

  it('[maintenance.latest] of the only session moves the day by which a window is to be set', () => {
    const history = course().performed('2026-01-10T10:00');
    history.push(CourseCompleted(at, named(history)));
    const corrected = given(history, correctedSession(history, '2026-02-10T10:00'));
    expect(windowToBeSet(corrected, faq)).toMatchObject({ latest: '2027-02-10' });
  });

  it('[maintenance.physician-sets] that takes back the window that was set asks for one anew', () => {
    const history = completed();
    history.push(scheduled(history, '2026-08-01', '2026-08-31'));
    const entry = idOf(history, 'MaintenanceScheduled');
    const retracted = CourseEntryRetracted(at, {
      ...named(history),
      retracts: entry,
      retractionReason: 'for another patient',
    });
    expect(courseWindow(given(history, retracted), faq)).toBeNull();
    expect(windowToBeSet(given(history, retracted), faq)).toEqual({ ordinal: 1, latest: '2027-02-21' });
  });
});

describe('the suggestion of a new course', () => {
  it('[maintenance.suggested-course] is counted from the last course session, whatever maintenance there was (S1-M1)', () => {
    const history = completed('facial');
    expect(suggestedCourse(given(history), facial)).toEqual({ opens: '2026-05-21', closes: '2026-08-21' });
    history.performed('2026-04-20T10:00', { kind: 'maintenance' });
    expect(suggestedCourse(given(history), facial)).toEqual({ opens: '2026-05-21', closes: '2026-08-21' });
  });

  it('[maintenance.suggested-course] ends when the patient declines, and is none under a protocol without it', () => {
    const history = completed('facial');
    expect(suggestedCourse(given(history, MaintenanceDeclined(at, named(history))), facial)).toBeNull();
    expect(suggestedCourse(given(completed()), faq)).toBeNull();
    expect(suggestedCourse(given(course('facial').performed('2026-01-10T10:00')), facial)).toBeNull();
  });
});

describe('every command', () => {
  const day = fc.integer({ min: -200, max: 700 }).map((days) => addDays(TODAY, days));
  const commands = fc.oneof(
    fc.tuple(day, day).map(([opens, closes]) => schedule(opens, closes)),
    fc.tuple(day, fc.nat({ max: 90 })).map(([opens, length]) => schedule(opens, addDays(opens, length))),
    fc.constant(resume()),
  );
  /** What an accepted command makes; a refused one makes nothing. */
  const after = (state: PlannedCourse, command: MaintenanceCommand, protocol: Protocol): CourseEvent[] => {
    try {
      return decide(command, state, protocol);
    } catch (error) {
      if (error instanceof MaintenanceRefused) return [];
      throw error;
    }
  };
  const histories = fc
    .record({ code: fc.constantFrom('facial', 'clinic-faq', 'general'), declined: fc.boolean(), ended: fc.boolean() })
    .map(({ code, declined, ended }) => {
      const history = ended ? completed(code) : course(code).performed('2026-02-21T10:00');
      if (declined) history.push(MaintenanceDeclined(at, named(history)));
      return { history, protocol: protocolOf(code) };
    });

  it('[maintenance.set-once] adds nothing when it is repeated', () => {
    fc.assert(
      fc.property(
        histories,
        fc.array(commands, { maxLength: 6 }),
        commands,
        ({ history, protocol }, before, command) => {
          const events: NewEvent[] = [...history.events];
          for (const each of before) events.push(...after(stateOf(events), each, protocol));
          events.push(...after(stateOf(events), command, protocol));
          expect(after(stateOf(events), command, protocol)).toEqual([]);
        },
      ),
    );
  });

  it('[maintenance.latest] never leaves a window that the protocol forbids, whatever is asked', () => {
    fc.assert(
      fc.property(histories, fc.array(commands, { maxLength: 8 }), ({ history, protocol }, asked) => {
        const events: NewEvent[] = [...history.events];
        for (const each of asked) events.push(...after(stateOf(events), each, protocol));
        const state = stateOf(events);
        if (!state.scheduled) return;
        expect(protocol.maintenance.kind).toBe('physician');
        expect(state.scheduled.closes >= state.scheduled.opens).toBe(true);
        expect(state.scheduled.opens > '2026-02-21').toBe(true);
        if (protocol === faq) expect(state.scheduled.closes <= addDateDuration('2026-02-21', 'P1Y')).toBe(true);
      }),
    );
  });

  it('[maintenance.resumed] only ever turns a refusal round', () => {
    fc.assert(
      fc.property(histories, ({ history, protocol }) => {
        const state = stateOf(history.events);
        expect(after(state, resume(), protocol).map(({ type }) => type)).toEqual(
          state.maintenanceDeclined ? [MaintenanceResumed.type] : [],
        );
      }),
    );
  });
});
