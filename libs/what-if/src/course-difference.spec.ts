import fc from 'fast-check';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { general } from '#libs/protocols/src/built-in/general.protocol.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import {
  CourseCompleted,
  CoursePlanChanged,
  type CourseStreamEvent,
  CourseStopped,
  MaintenanceDeclined,
  SessionMissed,
} from '#libs/treatment/src/course/course.events.js';
import type { PlannedCourse } from '#libs/treatment/src/what-if.contract.js';
import { at, booked, given, NOW, ofCourse, performed, physicianId, planned } from '#test/support/course-given.js';
import { type CourseDifference, type Period, type ReplayedWorld, replayUnder } from './course-difference.js';

const ZONE = 'Europe/Istanbul';
const YEAR: Period = { from: '2026-01-01', to: '2026-12-31' };
const [S1, S2, S3, S4, M1] = Array.from({ length: 5 }, newId) as [string, string, string, string, string];

/** Everything that does not follow from the protocol is in order. */
const worldOf = (protocol: Protocol): ReplayedWorld => ({
  protocol,
  consents: [{ procedure: 'facial', signedOn: '2026-01-01', validUntil: null, withdrawnAt: null }],
  credentialsOf: () => [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: null }],
  lotAt: () => ({ receivedOn: '2020-01-01', expiresOn: '2030-01-01' }),
  ingredientsOf: () => [],
  roleOf: () => undefined,
  isRecalledOn: () => false,
  isOverdrawn: () => false,
  healthAt: () => undefined,
});

const draft = (change: (protocol: Protocol) => void, from: Protocol = facial): Protocol => {
  const protocol = structuredClone(from);
  change(protocol);
  return protocol;
};

interface Circumstances {
  readonly period?: Period;
  readonly endsOn?: string | null;
  readonly under?: Protocol;
}

/** What would differ in a course; undefined: nothing. */
function whatIf(
  after: Protocol,
  events: readonly CourseStreamEvent[],
  { period = YEAR, endsOn = null, under = facial }: Circumstances = {},
): CourseDifference | undefined {
  const course = given(...events) as PlannedCourse;
  return replayUnder(after, period)(course, worldOf(under), { zone: ZONE, endsOn })?.difference;
}

const completed = CourseCompleted(occurredNow(NOW), ofCourse);
/** Three weeks, and two, between three sessions. */
const THREE = [
  planned,
  performed(S1, '2026-01-05T10:00', 1),
  performed(S2, '2026-01-26T10:00', 2),
  performed(S3, '2026-02-09T10:00', 3),
];
/** Four sessions two weeks apart, as `facial` asks; maintenance is due from 5 April to 5 July. */
const COURSE = [
  planned,
  performed(S1, '2026-01-05T10:00', 1),
  performed(S2, '2026-01-19T10:00', 2),
  performed(S3, '2026-02-02T10:00', 3),
  performed(S4, '2026-02-16T10:00', 4),
  completed,
];
const maintained = (session: string, wall: string, number: number) =>
  performed(session, wall, number, { kind: 'maintenance' });

/** From then on two weeks lie between the sessions, whatever the protocol asks for. */
const fortnightly = (wall: string) =>
  CoursePlanChanged(occurredAt(at(wall)), {
    ...ofCourse,
    plannedSessions: 4,
    intervalDays: { min: 14, max: 14 },
    practitionerId: physicianId,
    reason: 'as the skin allows',
  });

describe('sessions under a draft', () => {
  it('[what-if.sessions] blocks the sessions that came before a longer interval was over', () => {
    const longer = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 21, max: 28 }));
    expect(whatIf(longer, THREE)?.sessions).toEqual([
      { sessionId: S2, status: 'performed', on: '2026-01-26', blocked: [], freed: ['interval-long'] },
      { sessionId: S3, status: 'performed', on: '2026-02-09', blocked: ['interval-short'], freed: [] },
    ]);
  });

  it('[what-if.sessions] lets pass what came too early under a longer interval', () => {
    const shorter = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 7, max: 21 }));
    const early = [planned, performed(S1, '2026-01-05T10:00', 1), performed(S2, '2026-01-12T10:00', 2)];
    expect(whatIf(shorter, early)?.sessions).toEqual([
      { sessionId: S2, status: 'performed', on: '2026-01-12', blocked: [], freed: ['interval-short'] },
    ]);
  });

  it('[what-if.sessions] blocks a device that is dropped, a depth that is narrowed and steps that are added', () => {
    const strict = draft((protocol) => {
      protocol.devices.codes = ['mechanical-gun'];
      protocol.depthMm = { ...protocol.depthMm, min: 1, max: 1.5 } as Protocol['depthMm'];
      protocol.steps.push({ ...(protocol.steps[0] as Protocol['steps'][number]), code: 'massage' });
    });
    const steps = facial.steps.map(({ code }) => ({ code, practitionerId: physicianId }));
    const session = performed(S1, '2026-01-05T10:00', 1, { depthMm: 2, steps });
    expect(whatIf(strict, [planned, session])?.sessions).toEqual([
      { sessionId: S1, status: 'performed', on: '2026-01-05', blocked: ['depth', 'device', 'steps'], freed: [] },
    ]);
  });

  it('[what-if.sessions] blocks a booked session that comes too early after the one before it', () => {
    const longer = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 21, max: 28 }));
    const events = [planned, performed(S1, '2026-01-05T10:00', 1), booked(S2, '2026-01-19T10:00', 2)];
    expect(whatIf(longer, events)?.sessions).toEqual([
      { sessionId: S2, status: 'booked', on: '2026-01-19', blocked: ['interval-short'], freed: [] },
    ]);
  });

  it('[what-if.sessions] judges sessions by the days that the physician chose, and the plan by the draft', () => {
    const longer = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 21, max: 28 }));
    const found = whatIf(longer, [planned, fortnightly('2026-01-04T10:00'), ...COURSE.slice(1)]);
    expect(found?.sessions).toEqual([]);
    expect(found?.plan).toEqual({ blocked: ['interval'], freed: [] });
  });

  it('[what-if.sessions] judges sessions that came before the physician chose days by the draft', () => {
    const longer = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 21, max: 28 }));
    const found = whatIf(longer, [planned, ...COURSE.slice(1), fortnightly('2026-01-25T10:00')]);
    const blocked = { status: 'performed', blocked: ['interval-short'], freed: [] };
    expect(found?.sessions).toEqual([{ sessionId: S2, on: '2026-01-19', ...blocked }]);
    // The day for the second, and none for those after it, which the physician chose.
    const next = found?.due.filter(({ kind }) => kind === 'next-session');
    expect(next?.map(({ sessionId }) => sessionId)).toEqual([S1]);
  });

  it('[what-if.sessions] asks for a reason for the plan where the draft wants more sessions', () => {
    const more = draft(({ sessions }) => Object.assign(sessions, { min: 6, max: 8 }));
    expect(whatIf(more, COURSE)).toMatchObject({ plan: { blocked: ['session-count'], freed: [] }, sessions: [] });
    // The plan was made before the period.
    expect(whatIf(more, COURSE, { period: { from: '2026-02-01', to: '2026-12-31' } })).toBeUndefined();
  });

  it('[what-if.sessions] blocks what a contraindication of the draft stands against, and only that', () => {
    const healthAt = () => ({ conditions: ['eczema', 'breastfeeding'], medications: [], allergies: [] });
    const asking = draft(({ screening: { contraindications } }) => {
      const [first] = contraindications as [Protocol['screening']['contraindications'][number]];
      contraindications.push({ ...first, code: 'eczema', trigger: { kind: 'condition', condition: 'eczema' } });
    });
    const without = draft(({ screening }) => {
      screening.contraindications = screening.contraindications.filter(({ code }) => code !== 'breastfeeding');
    });
    const kindsUnder = (after: Protocol, under: Protocol) => {
      const course = given(planned, performed(S1, '2026-01-05T10:00', 1)) as PlannedCourse;
      const replayed = replayUnder(after, YEAR)(course, { ...worldOf(under), healthAt }, { zone: ZONE, endsOn: null });
      return replayed?.difference?.sessions.map(({ blocked, freed }) => [blocked, freed]);
    };
    expect(kindsUnder(asking, without)).toEqual([[['contraindication'], []]]);
    expect(kindsUnder(without, facial)).toEqual([[[], ['contraindication']]]);
    // Breastfeeding stands against it under both.
    expect(kindsUnder(asking, facial)).toBeUndefined();
    const otherInterval = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 7 }));
    expect(kindsUnder(otherInterval, facial)).toEqual([]);
  });

  it('[what-if.sessions] looks at the sessions of the period alone, by the date where each took place', () => {
    const deeper = draft((protocol) => {
      protocol.devices.codes = ['mechanical-gun'];
    });
    const period = { from: '2026-01-19', to: '2026-02-02' };
    expect(whatIf(deeper, COURSE, { period })?.sessions.map(({ sessionId }) => sessionId)).toEqual([S2, S3]);
    // Late in the evening in New York it is the next day in Istanbul.
    const evening = {
      wall: '2026-01-18T22:00',
      zone: 'America/New_York',
      tzdb: 'x',
      instant: '2026-01-19T03:00:00.000Z',
    };
    expect(
      whatIf(deeper, [planned, performed(S1, '2026-01-19T06:00', 1, { at: evening })], { period }),
    ).toBeUndefined();
  });
});

describe('due dates under a draft', () => {
  it('[what-if.due-dates] moves the next session of every session that another was to follow', () => {
    const longer = draft(({ intervalDays }) => Object.assign(intervalDays, { min: 21, max: 28 }));
    const next = (sessionId: string, before: string, opens: string, closes: string) => ({
      ...{ kind: 'next-session', sessionId },
      before: { opens: before, closes: before },
      after: { opens, closes },
    });
    expect(whatIf(longer, THREE)?.due).toEqual([
      next(S1, '2026-01-19', '2026-01-26', '2026-02-02'),
      next(S2, '2026-02-09', '2026-02-16', '2026-02-23'),
      next(S3, '2026-02-23', '2026-03-02', '2026-03-09'),
    ]);
  });

  it('[what-if.due-dates] moves the maintenance windows of another rhythm, those of the past as well', () => {
    const other = draft(({ maintenance }) => Object.assign(maintenance, { firstOpens: 'P4M', thenOpens: 'P1M' }));
    const events = [...COURSE, maintained(M1, '2026-05-06T10:00', 1)];
    expect(whatIf(other, events)?.due).toEqual([
      {
        ...{ kind: 'maintenance', sessionId: S4 },
        before: { opens: '2026-04-05', closes: '2026-07-05' },
        after: { opens: '2026-05-05', closes: '2026-07-05' },
      },
      {
        ...{ kind: 'maintenance', sessionId: M1 },
        before: { opens: '2026-07-06', closes: '2026-11-06' },
        after: { opens: '2026-06-06', closes: '2026-11-06' },
      },
    ]);
  });

  it('[what-if.due-dates] leaves out what lies before and after the period', () => {
    const other = draft(({ maintenance }) => Object.assign(maintenance, { firstOpens: 'P4M', thenOpens: 'P1M' }));
    const events = [...COURSE, maintained(M1, '2026-05-06T10:00', 1)];
    const due = (from: string, to: string) =>
      whatIf(other, events, { period: { from, to } })?.due.map(({ sessionId }) => sessionId) ?? [];
    expect(due('2026-01-01', '2026-04-04')).toEqual([]);
    expect(due('2026-01-01', '2026-04-05')).toEqual([S4]);
    expect(due('2026-07-06', '2026-12-31')).toEqual([M1]);
    expect(due('2026-11-07', '2027-12-31')).toEqual([]);
  });

  it('[what-if.due-dates] shows no window that a later course or the end of the person has ended', () => {
    const other = draft(({ maintenance }) => Object.assign(maintenance, { firstOpens: 'P4M' }));
    expect(whatIf(other, COURSE, { endsOn: '2026-03-01' })?.due).toBeUndefined();
    // It would have opened too late: there would have been none.
    const [window] = whatIf(other, COURSE, { endsOn: '2026-05-01' })?.due ?? [];
    expect(window).toMatchObject({ kind: 'maintenance', before: { opens: '2026-04-05' }, after: null });
  });

  it('[what-if.due-dates] leaves it to the physician where the draft has no rhythm, with the last day that it allows', () => {
    const byPhysician = draft((protocol) => {
      protocol.maintenance = { kind: 'physician', latest: 'P1Y', facts: ['S4-E1'], basis: 'other-source' };
    });
    const events = [...COURSE, maintained(M1, '2026-05-06T10:00', 1)];
    expect(whatIf(byPhysician, events, { period: { from: '2026-05-01', to: '2027-12-31' } })?.due).toEqual([
      {
        ...{ kind: 'maintenance', sessionId: M1 },
        before: { opens: '2026-07-06', closes: '2026-11-06' },
        after: { opens: null, closes: '2027-05-06' },
      },
      {
        ...{ kind: 'new-course', sessionId: S4 },
        before: { opens: '2026-05-16', closes: '2026-08-16' },
        after: null,
      },
    ]);
  });

  it('[what-if.due-dates] moves check-ups, and shows those that the draft adds', () => {
    const check = { facts: [], basis: 'chain' as const };
    const more = draft((protocol) => {
      protocol.checkUps = [
        { kind: 'after-each-session', afterDays: 5, ...check },
        { kind: 'after-last-session', afterDays: 14, ...check },
      ];
    });
    const due = whatIf(more, COURSE)?.due.filter(({ kind }) => kind === 'check-up') ?? [];
    expect(due).toHaveLength(5);
    expect(due[0]).toMatchObject({ sessionId: S1, before: { opens: '2026-01-08' }, after: { opens: '2026-01-10' } });
    expect(due[4]).toMatchObject({ sessionId: S4, before: null, after: { opens: '2026-03-02', closes: '2026-03-02' } });
  });
});

describe('messages under a draft', () => {
  it('[what-if.messages] moves the all-clear when aftercare lasts longer, and words the instructions otherwise', () => {
    const longer = draft((protocol) => {
      const item = protocol.aftercare.find(({ act }) => act === 'avoid') as Protocol['aftercare'][number];
      protocol.aftercare.push({ ...item, id: 'longer', lasts: 'PT240H' } as Protocol['aftercare'][number]);
    });
    const events = [planned, performed(S1, '2026-01-05T10:00', 1, { durationMinutes: 30 })];
    const [before] = whatIf(longer, events)?.messages.filter(({ kind }) => kind === 'all-clear') ?? [];
    expect(before?.after).toBe('2026-01-15T10:30');
    expect(before?.before).not.toBe(before?.after);
    const instructions = whatIf(longer, events)?.messages.filter(({ kind }) => kind === 'aftercare');
    expect(instructions).toEqual([{ kind: 'aftercare', before: '2026-01-05T10:30', after: '2026-01-05T10:30' }]);
  });

  it('[what-if.messages] moves what is told around maintenance, and drops what a session would have made needless', () => {
    const other = draft(({ maintenance }) => Object.assign(maintenance, { firstOpens: 'P4M' }));
    const soonAndDue = (events: readonly CourseStreamEvent[]) =>
      whatIf(other, events)?.messages.filter(({ kind }) => kind.startsWith('maintenance')) ?? [];
    expect(soonAndDue(COURSE)).toEqual([
      { kind: 'maintenance-due-soon', before: '2026-03-22T09:00', after: '2026-04-21T09:00' },
      { kind: 'maintenance-due', before: '2026-04-05T09:00', after: '2026-05-05T09:00' },
    ]);
    expect(soonAndDue([...COURSE, maintained(M1, '2026-04-25T10:00', 1)])).toEqual([
      { kind: 'maintenance-due-soon', before: '2026-03-22T09:00', after: '2026-04-21T09:00' },
      { kind: 'maintenance-due', before: '2026-04-05T09:00', after: null },
    ]);
  });

  it('[what-if.messages] moves the reminder of sessions performed, missed and booked, by the clock at the site', () => {
    const earlier = draft((protocol) => {
      for (const rule of protocol.messages) if (rule.kind === 'session-reminder') rule.before = 'P2D';
    });
    const missed = SessionMissed(occurredNow(NOW), { ...ofCourse, sessionId: S2 });
    const events = [
      planned,
      performed(S1, '2026-01-05T10:00', 1),
      booked(S2, '2026-01-19T10:00', 2),
      missed,
      booked(S3, '2026-01-26T10:00', 2),
    ];
    expect(whatIf(earlier, events)?.messages).toEqual(
      expect.arrayContaining([
        { kind: 'session-reminder', before: '2026-01-04T10:00', after: '2026-01-03T10:00' },
        { kind: 'session-reminder', before: '2026-01-18T10:00', after: '2026-01-17T10:00' },
        { kind: 'session-reminder', before: '2026-01-25T10:00', after: '2026-01-24T10:00' },
      ]),
    );
    expect(whatIf(earlier, events)?.messages).toHaveLength(3);
  });

  it('[what-if.messages] shows those of a rule that is dropped, and those of one that is added', () => {
    const without = draft((protocol) => {
      protocol.messages = protocol.messages.filter(({ kind }) => kind !== 'check-in');
    });
    const events = [planned, performed(S1, '2026-01-05T10:00', 1, { durationMinutes: 30 })];
    const checkIn = { kind: 'check-in', before: '2026-01-08T10:30', after: null };
    expect(whatIf(without, events)?.messages).toEqual([checkIn]);
    expect(whatIf(facial, events, { under: without })?.messages).toEqual([
      { ...checkIn, before: null, after: '2026-01-08T10:30' },
    ]);
  });
});

/** Courses as they may come: with gaps of any length, missed and booked sessions, maintenance, and any end. */
const courses: fc.Arbitrary<CourseStreamEvent[]> = fc
  .record({
    gaps: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 0, maxLength: 5 }),
    maintenance: fc.array(fc.integer({ min: 20, max: 200 }), { maxLength: 2 }),
    end: fc.constantFrom('none', 'completed', 'stopped', 'declined'),
    next: fc.constantFrom('none', 'booked', 'missed'),
    details: fc.record({
      depthMm: fc.constantFrom(undefined, 0.5, 2, 6),
      durationMinutes: fc.constantFrom(undefined, 5, 45, 90),
      device: fc.constantFrom('needle', 'needle-free', 'mechanical-gun'),
    }),
  })
  .map(({ gaps, maintenance, end, next, details }) => {
    let day = '2026-01-05';
    const wall = (days: number) => `${(day = addDays(day, days))}T10:00`;
    const more = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
    const events: CourseStreamEvent[] = [planned];
    gaps.forEach((days, n) => events.push(performed(newId(), wall(days), n + 1, more)));
    if (end === 'none' && next !== 'none') {
      const sessionId = newId();
      events.push(booked(sessionId, wall(14), gaps.length + 1));
      if (next === 'missed') events.push(SessionMissed(occurredNow(NOW), { ...ofCourse, sessionId }));
    }
    if (end === 'stopped') events.push(CourseStopped(occurredNow(NOW), { ...ofCourse, reason: 'moved away' }));
    if (end === 'completed' || end === 'declined') {
      events.push(completed);
      maintenance.forEach((days, n) =>
        events.push(performed(newId(), wall(days), n + 1, { ...more, kind: 'maintenance' })),
      );
    }
    if (end === 'declined') events.push(MaintenanceDeclined(occurredNow(NOW), ofCourse));
    return events;
  });

const days = fc.integer({ min: -30, max: 500 }).map((n) => addDays('2026-01-01', n));
const periods = fc.tuple(days, days).map(([a, b]): Period => (a <= b ? { from: a, to: b } : { from: b, to: a }));
const ends = fc.option(days, { nil: null });

/** The same, as a database may give it back: with its fields in another order. */
const reordered = <T>(value: T): T =>
  Array.isArray(value)
    ? (value.map(reordered) as T)
    : typeof value === 'object' && value !== null
      ? (Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, each]) => [key, reordered(each)]),
        ) as T)
      : value;

const another = draft((protocol) => {
  Object.assign(protocol.intervalDays, { min: 10, max: 30 });
  Object.assign(protocol.maintenance, { firstOpens: 'P2M', thenCloses: 'P4M' });
  protocol.devices.codes = ['needle'];
  protocol.messages = protocol.messages.filter(({ kind }) => kind !== 'check-in');
});

describe('any course', () => {
  it('[what-if.same] differs in nothing under a draft that says the same', () => {
    fc.assert(
      fc.property(
        courses,
        periods,
        ends,
        fc.constantFrom(facial, general, another),
        (events, period, endsOn, under) => {
          const same = { ...reordered(structuredClone(under)), version: 2 };
          expect(whatIf(same, events, { period, endsOn, under })).toBeUndefined();
        },
      ),
      { numRuns: 100 },
    );
  });

  it('[what-if.sessions] is blocked under the draft by what it would be freed of, were the draft the protocol', () => {
    const turned = <T>({ blocked, freed, ...rest }: { blocked: T[]; freed: T[] }) => ({
      ...rest,
      blocked: freed,
      freed: blocked,
    });
    const back = <T>({ before, after, ...rest }: { before: T; after: T }) => ({
      ...rest,
      before: after,
      after: before,
    });
    const sorted = (items: readonly object[]) =>
      items.map((item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
    fc.assert(
      fc.property(courses, periods, ends, fc.constantFrom(general, another), (events, period, endsOn, other) => {
        const there = whatIf(other, events, { period, endsOn });
        const here = whatIf(facial, events, { period, endsOn, under: other });
        expect(here === undefined).toBe(there === undefined);
        if (!here || !there) return;
        expect(here.plan).toEqual(there.plan && turned(there.plan as never));
        expect(here.sessions).toEqual(there.sessions.map((each) => turned(each as never)));
        expect(sorted(here.messages)).toEqual(sorted(there.messages.map((each) => back(each))));
        expect(sorted(here.due)).toEqual(sorted(there.due.map((each) => back(each))));
      }),
      { numRuns: 100 },
    );
  });

  it('[what-if.sessions] counts a course only where something of it lies in the period', () => {
    const course = given(...COURSE) as PlannedCourse;
    const replayed = (from: string, to: string) =>
      replayUnder(facial, { from, to })(course, worldOf(facial), { zone: ZONE, endsOn: null });
    expect(replayed('2026-01-01', '2026-01-31')).toEqual({ sessions: 2, difference: undefined });
    // Only the window is open.
    expect(replayed('2026-06-01', '2026-06-30')).toEqual({ sessions: 0, difference: undefined });
    expect(replayed('2025-01-01', '2025-12-01')).toBeUndefined();
    expect(replayed('2027-01-01', '2027-12-31')).toBeUndefined();
  });
});
