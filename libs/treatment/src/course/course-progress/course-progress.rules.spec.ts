import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import { CourseHistory, type CourseOptions, type SessionOptions, zoned } from '#test/support/treatment-history.js';
import { type CourseEvent, CoursePlanChanged, SessionPerformedCorrected } from '../course.events.js';
import { courseFold, type PlannedCourse } from '../course.state.js';
import { type CourseWorld, judgeCourse } from './course-progress.rules.js';

const SITE = '0199a000-0000-7000-8000-00000000000a';
const ELSEWHERE = '0199a000-0000-7000-8000-00000000000b';
const PRACTITIONER = '0199a000-0000-7000-8000-00000000000c';
const NURSE = '0199a000-0000-7000-8000-00000000000d';

const CONSENT = { procedure: 'facial', signedOn: '2024-01-01', validUntil: null, withdrawnAt: null };

/** Everything is in order in it. */
const world = (changes: Partial<CourseWorld> = {}): CourseWorld => ({
  protocol: builtInProtocol('facial'),
  consents: [CONSENT],
  credentialsOf: () => [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: null }],
  lotAt: () => ({ receivedOn: '2020-01-01', expiresOn: '2030-01-01' }),
  ingredientsOf: () => ['hyaluronic acid'],
  roleOf: () => 'physician',
  isRecalledOn: () => false,
  isOverdrawn: () => false,
  healthAt: () => ({ conditions: [], medications: [], allergies: [] }),
  ...changes,
});

function course(options: CourseOptions, ...sessions: readonly [string, SessionOptions?][]): PlannedCourse {
  const history = new CourseHistory({ site: SITE, patient: SITE, practitioner: PRACTITIONER }, options);
  for (const [wall, session] of sessions) history.performed(wall, session);
  const events = history.streams().find(({ stream }) => stream.startsWith('course-'))?.events ?? [];
  const recorded = events.map(
    (event) => ({ ...event, header: { origin: 'live' } }) as unknown as RecordedEvent<CourseEvent>,
  );
  return recorded.reduce((state, event) => courseFold.evolve(state, event), courseFold.initial) as PlannedCourse;
}

const idOf = (revision: number) => `0199a000-0000-7000-8000-${String(revision).padStart(12, '0')}`;

/** With whatever was changed or corrected in it. */
function folded({ events }: CourseHistory): PlannedCourse {
  const recorded = events.map((event, n) => ({
    ...{ ...event, position: n + 1, revision: n, recordedAt: '2024-06-01T00:00:00.000Z' },
    header: { id: idOf(n), origin: 'live' },
  })) as unknown as RecordedEvent[];
  const effective = effectiveHistory(recorded) as unknown as RecordedEvent<CourseEvent>[];
  return effective.reduce(courseFold.evolve, courseFold.initial) as PlannedCourse;
}

const deviationsOf = (of: PlannedCourse, changes: Partial<CourseWorld> = {}) =>
  judgeCourse(of, world(changes)).deviations;

describe('where a course stands', () => {
  it('counts course sessions and maintenance sessions apart', () => {
    const judged = judgeCourse(
      course(
        { end: 'completed' },
        ['2024-01-02T10:00'],
        ['2024-01-16T10:00'],
        ['2024-05-01T10:00', { kind: 'maintenance' }],
      ),
      world(),
    );
    expect(judged).toMatchObject({ performed: 2, maintenancePerformed: 1, first: '2024-01-02', last: '2024-01-16' });
  });

  it('names the first day for the next session of an active course with sessions left', () => {
    expect(judgeCourse(course({}, ['2024-01-02T10:00']), world()).nextEarliest).toBe('2024-01-16');
  });

  it('takes the shortest interval from the last course session, not from maintenance', () => {
    const active = course({}, ['2024-01-02T10:00'], ['2024-02-01T10:00', { kind: 'maintenance' }]);
    expect(judgeCourse(active, world()).nextEarliest).toBe('2024-01-16');
  });

  it.each<[string, CourseOptions, readonly [string][]]>([
    ['no session took place', {}, []],
    ['none is left', { plannedSessions: 1 }, [['2024-01-02T10:00']]],
    ['the course was stopped', { end: 'stopped' }, [['2024-01-02T10:00']]],
    ['the course is completed', { end: 'completed' }, [['2024-01-02T10:00']]],
  ])('names no next day where %s', (_reason, options, sessions) => {
    expect(judgeCourse(course(options, ...sessions), world()).nextEarliest).toBeNull();
  });
});

describe('intervals', () => {
  it('are in order at exactly the days that the protocol names', () => {
    expect(deviationsOf(course({}, ['2024-01-02T10:00'], ['2024-01-16T09:00']))).toEqual({});
  });

  it('are short and long on the days beside', () => {
    expect(deviationsOf(course({}, ['2024-01-02T10:00'], ['2024-01-15T23:59'], ['2024-01-30T10:00']))).toEqual({
      'interval-short': 1,
      'interval-long': 1,
    });
  });

  it('[session.interval-long] are long no more once a session that is entered late lies between', () => {
    const accepted: SessionOptions = { overridden: ['interval-long'] };
    const gap = course({}, ['2024-01-02T10:00'], ['2024-01-30T10:00', accepted]);
    expect(deviationsOf(gap)).toEqual({ 'interval-long': 1 });
    const closed = course({}, ['2024-01-02T10:00'], ['2024-01-30T10:00', accepted], ['2024-01-16T10:00']);
    expect(deviationsOf(closed)).toEqual({});
  });

  it('leave maintenance sessions out', () => {
    const between = course(
      { end: 'completed' },
      ['2024-01-02T10:00'],
      ['2024-01-05T10:00', { kind: 'maintenance' }],
      ['2024-01-16T10:00'],
    );
    expect(deviationsOf(between)).toEqual({});
  });

  it('count calendar days, each in the zone of its site', () => {
    // 23:30 in Istanbul on the 2nd is still the 2nd; 13:30 in Vancouver the same day is later, and on the same date.
    const travelled = course(
      {},
      ['2024-01-02T23:30'],
      ['2024-01-16T00:10', { site: ELSEWHERE, zone: 'America/Vancouver' }],
    );
    expect(deviationsOf(travelled)).toEqual({});
  });

  it('go by instants, not by numbers', () => {
    const judged = judgeCourse(
      course({}, ['2024-01-16T10:00', { number: 1 }], ['2024-01-02T10:00', { number: 2 }]),
      world(),
    );
    expect(judged).toMatchObject({ first: '2024-01-02', last: '2024-01-16', deviations: {} });
  });
});

describe('intervals of a plan that was changed', () => {
  const changed = (on: string, intervalDays?: { min: number; max: number }): NewEvent =>
    CoursePlanChanged(occurredAt(zoned(on)), {
      ...{
        courseId: SITE,
        patientId: SITE,
        plannedSessions: 4,
        practitionerId: PRACTITIONER,
        reason: 'the skin is slow',
      },
      ...(intervalDays ? { intervalDays } : {}),
    });
  const performedOn = (...walls: readonly string[]) => {
    const history = new CourseHistory({ site: SITE, patient: SITE, practitioner: PRACTITIONER });
    for (const wall of walls) history.performed(wall);
    return history;
  };
  /** What is judged, with the days between the sessions; the changes of the plan are entered after them. */
  const judged = (walls: readonly string[], ...changes: readonly NewEvent[]) =>
    judgeCourse(folded(performedOn(...walls).push(...changes)), world());
  const FORTNIGHT = ['2024-01-02T10:00', '2024-01-16T10:00'];
  const MONTH = { min: 21, max: 28 };

  it('[session.interval-short] leave sessions in order that took place before the days were chosen', () => {
    expect(judged(FORTNIGHT, changed('2024-01-17T10:00', MONTH)).deviations).toEqual({});
    // What comes next goes by the plan of today.
    expect(judged(FORTNIGHT, changed('2024-01-17T10:00', MONTH)).nextEarliest).toBe('2024-02-06');
  });

  it('[session.interval-long] stay too long under a plan that allows more since', () => {
    const late = ['2024-01-02T10:00', '2024-01-30T10:00'];
    expect(judged(late, changed('2024-02-01T10:00', { min: 7, max: 30 })).deviations).toEqual({ 'interval-long': 1 });
  });

  it('[session.interval-short] go by the plan that held when the later session began, to the minute', () => {
    expect(judged(FORTNIGHT, changed('2024-01-16T10:01', MONTH)).deviations).toEqual({});
    expect(judged(FORTNIGHT, changed('2024-01-16T10:00', MONTH)).deviations).toEqual({ 'interval-short': 1 });
    expect(judged(FORTNIGHT, changed('2024-01-03T10:00', MONTH)).deviations).toEqual({ 'interval-short': 1 });
  });

  it('[session.interval-short] go by each plan in its turn, whichever was entered first', () => {
    const walls = ['2024-01-02T10:00', '2024-01-16T10:00', '2024-01-23T10:00', '2024-02-13T10:00', '2024-02-27T10:00'];
    const changes = [
      changed('2024-01-17T10:00', { min: 7, max: 7 }),
      changed('2024-01-24T10:00', { min: 21, max: 21 }),
      changed('2024-02-14T10:00'),
    ];
    expect(judged(walls, ...changes).deviations).toEqual({});
    expect(judged(walls, ...changes.toReversed()).deviations).toEqual({});
    const without = changes.map((_, n) => judged(walls, ...changes.filter((__, m) => m !== n)).deviations);
    expect(without).toEqual([{ 'interval-short': 1 }, { 'interval-long': 1 }, { 'interval-short': 1 }]);
  });

  it('[session.interval-short] go by the first plan before any', () => {
    const before = ['2023-11-01T10:00', '2023-11-15T10:00'];
    const { sessionDeviations } = judged(before, changed('2024-01-17T10:00', MONTH));
    expect(Object.values(sessionDeviations)).toEqual([['consent'], ['consent']]);
  });

  it('[session.interval-short] follow a correction of the session’s time past the change', () => {
    const history = performedOn(...FORTNIGHT).push(changed('2024-01-17T10:00', MONTH));
    const entry = history.events[2] as NewEvent & { data: Parameters<typeof SessionPerformedCorrected>[1] };
    const at = zoned('2024-01-18T10:00');
    const data = { ...entry.data, at, corrects: idOf(2), correctionReason: 'two days later' };
    const state = folded(history.push(SessionPerformedCorrected(occurredAt(at), data)));
    expect(judgeCourse(state, world()).deviations).toEqual({ 'interval-short': 1 });
  });
});

describe('depth and duration', () => {
  it('are in order on the bounds', () => {
    const of = course(
      {},
      ['2024-01-02T10:00', { depthMm: 1, minutes: 30 }],
      ['2024-01-16T10:00', { depthMm: 4, minutes: 60 }],
    );
    expect(deviationsOf(of)).toEqual({});
  });

  it('deviate beside them, maintenance included', () => {
    const of = course(
      { end: 'completed' },
      ['2024-01-02T10:00', { depthMm: 0.5, minutes: 29 }],
      ['2024-04-16T10:00', { kind: 'maintenance', depthMm: 4.5, minutes: 61 }],
    );
    expect(deviationsOf(of)).toEqual({ depth: 2, duration: 2 });
  });

  it('leave the depth to the physician where the protocol does', () => {
    const of = course({ protocol: 'chin-and-neck-fat' }, ['2024-01-02T10:00', { depthMm: 12 }]);
    const consents = [{ ...CONSENT, procedure: 'chin-and-neck-fat' }];
    const credentialsOf = () => [{ procedures: ['chin-and-neck-fat'], validFrom: '2020-01-01', validTo: null }];
    expect(deviationsOf(of, { protocol: builtInProtocol('chin-and-neck-fat'), consents, credentialsOf })).toEqual({});
  });
});

describe('the number of sessions', () => {
  it.each([
    [3, { 'session-count': 1 }],
    [4, {}],
    [5, {}],
    [6, { 'session-count': 1 }],
  ])('of %i is judged as planned', (plannedSessions, expected) => {
    expect(deviationsOf(course({ plannedSessions }))).toEqual(expected);
  });
});

describe('a clearance', () => {
  const treated = course({}, ['2024-01-02T10:00'], ['2024-01-16T10:00']);
  const lost = (lostAt: string | null, at = '2024-01-01T10:00:00.000Z') => ({ at, lostAt });
  const entered = (recordedAt: string): PlannedCourse => ({
    ...treated,
    sessions: treated.sessions.map((each) => ({ ...each, recordedAt }) as never),
  });
  const reviewsOf = (of: PlannedCourse, ...clearances: ReturnType<typeof lost>[]) =>
    judgeCourse(of, world({ clearances })).reviews.length;

  it('[consultation.cleared] that turns out not to have been one marks the sessions that rested on it for review', () => {
    const known = entered('2024-01-20T10:00:00.000Z');
    expect(reviewsOf(known, lost(null))).toBe(0);
    expect(reviewsOf(known, lost('2024-01-19T10:00:00.000Z'))).toBe(0);
    expect(reviewsOf(known, lost('2024-01-21T10:00:00.000Z'))).toBe(2);
    // The second session rested on a later consultation.
    expect(reviewsOf(known, lost('2024-01-21T10:00:00.000Z'), lost(null, '2024-01-10T10:00:00.000Z'))).toBe(1);
  });
});

describe('the distance to sessions of the person’s other courses', () => {
  it('[session.interval-short] is judged at the later of two, however they came to be of one person', () => {
    const own = course({}, ['2024-01-02T10:00'], ['2024-01-16T10:00']);
    const ids = own.sessions.map(({ sessionId }) => sessionId);
    const close = (wall: string) => judgeCourse(own, world({ otherSessions: [{ at: zoned(wall) }] })).sessionDeviations;
    expect(close('2023-12-19T10:00')).toEqual({});
    expect(close('2023-12-20T10:00')).toEqual({ [ids[0] as string]: ['interval-short'] });
    expect(close('2024-01-02T10:00')).toEqual(
      Object.fromEntries(ids.slice(0, 1).map((id) => [id, ['interval-short']])),
    );
    expect(close('2024-01-10T10:00')).toEqual({ [ids[1] as string]: ['interval-short'] });
    expect(close('2024-01-17T10:00')).toEqual({});
  });
});

describe('consent', () => {
  const treated = course({}, ['2024-01-02T10:00'], ['2024-01-16T10:00']);

  it.each([
    ['signed on the day of the first session', { signedOn: '2024-01-02' }, {}],
    ['signed the day after it', { signedOn: '2024-01-03' }, { consent: 1 }],
    ['for another procedure', { procedure: 'hair' }, { consent: 1 }],
    ['that had run out', { validUntil: '2024-01-01' }, { consent: 1 }],
    ['that had run out before the second session', { validUntil: '2024-01-15' }, { consent: 1 }],
    ['whose last day it was', { validUntil: '2024-01-16' }, {}],
    ['withdrawn before', { withdrawnAt: '2024-01-01T12:00:00.000Z' }, { consent: 1 }],
    ['withdrawn between the sessions', { withdrawnAt: '2024-01-03T12:00:00.000Z' }, { consent: 1 }],
    ['withdrawn afterwards', { withdrawnAt: '2024-01-16T12:00:00.000Z' }, {}],
  ])('%s', (_name, changes, expected) => {
    expect(deviationsOf(treated, { consents: [{ ...CONSENT, ...changes }] })).toEqual(expected);
  });

  it('[consent.withdrawn] is judged for each session, by when it took place', () => {
    const withdrawn = { ...CONSENT, withdrawnAt: '2024-01-16T06:59:00.000Z' };
    const { sessionDeviations } = judgeCourse(treated, world({ consents: [withdrawn] }));
    const [, second] = treated.sessions.map(({ sessionId }) => sessionId);
    expect(sessionDeviations).toEqual({ [second as string]: ['consent'] });
  });

  it('is missing once for the whole course', () => {
    expect(deviationsOf(treated, { consents: [] })).toEqual({ consent: 1 });
  });

  it('is not missed in a course without a performed session', () => {
    expect(deviationsOf(course({}), { consents: [] })).toEqual({});
  });

  it('is missed by a maintenance session as well', () => {
    const only = course({ end: 'completed' }, ['2024-01-02T10:00', { kind: 'maintenance' }]);
    expect(deviationsOf(only, { consents: [] })).toEqual({ consent: 1 });
  });
});

describe('lots', () => {
  const on = (wall: string) => course({}, [wall]);
  const lotAt = () => ({ receivedOn: '2024-01-02', expiresOn: '2024-06-30' });

  it.each([
    ['2024-01-01T23:59', { 'lot-not-received': 1 }],
    ['2024-01-02T00:00', {}],
    ['2024-06-30T23:59', {}],
    ['2024-07-01T00:00', { 'lot-expired': 1 }],
  ])('used at %s', (wall, expected) => {
    expect(deviationsOf(on(wall), { lotAt })).toEqual(expected);
  });

  it('that are unknown at the site are not received, and nothing more', () => {
    const known = (siteId: string) => (siteId === ELSEWHERE ? lotAt() : undefined);
    expect(deviationsOf(on('2024-07-01T10:00'), { lotAt: known })).toEqual({ 'lot-not-received': 1 });
  });
});

describe('credentials', () => {
  const credential = (changes: object) => ({
    credentialsOf: (id: string) =>
      id === NURSE ? [{ procedures: ['facial'], validFrom: '2024-01-02', validTo: '2024-01-31', ...changes }] : [],
  });
  const by = (wall: string, practitioner = NURSE) => course({}, [wall, { practitioner }]);

  it.each([
    ['2024-01-01T23:59', { credential: 1 }],
    ['2024-01-02T00:00', {}],
    ['2024-01-31T23:59', {}],
    ['2024-02-01T00:00', { credential: 1 }],
  ])('at %s', (wall, expected) => {
    expect(deviationsOf(by(wall), credential({}))).toEqual(expected);
  });

  it('without an end stay valid', () => {
    expect(deviationsOf(by('2029-01-01T10:00'), credential({ validTo: null }))).toEqual({});
  });

  it('for another procedure, or of another practitioner, do not count', () => {
    expect(deviationsOf(by('2024-01-10T10:00'), credential({ procedures: ['hair'] }))).toEqual({ credential: 1 });
    expect(deviationsOf(by('2024-01-10T10:00', PRACTITIONER), credential({}))).toEqual({ credential: 1 });
  });
});

describe('contraindications', () => {
  const treated = course(
    { end: 'completed' },
    ['2024-01-02T10:00'],
    ['2024-01-16T10:00'],
    ['2024-05-16T10:00', { kind: 'maintenance' }],
  );
  const answers = (changes: object) => ({
    healthAt: () => ({ conditions: [], medications: [], allergies: [], ...changes }),
  });

  it.each([
    ['a blocking condition', { conditions: ['migraine', 'severe-psoriasis'] }, { contraindication: 3 }],
    [
      'several at once',
      { conditions: ['pregnancy', 'breastfeeding'], medications: ['heparin'] },
      { contraindication: 3 },
    ],
    ['an anticoagulant', { medications: ['warfarin'] }, { contraindication: 3 }],
    ['an allergy to an ingredient, in capitals', { allergies: ['HYALURONIC ACID'] }, { contraindication: 3 }],
    ['an allergy to a part of its name', { allergies: ['acid'] }, {}],
    ['a condition that no list knows', { conditions: ['migraine'] }, {}],
    ['a medicine that no list knows', { medications: ['ibuprofen'] }, {}],
  ])('%s', (_name, health, expected) => {
    expect(deviationsOf(treated, answers(health))).toEqual(expected);
  });

  it('count at the sessions in which the answers held', () => {
    const pregnant = { conditions: ['pregnancy'], medications: [], allergies: [] };
    const healthAt = (instant: string) => (instant > '2024-01-10' && instant < '2024-02-01' ? pregnant : undefined);
    const judged = judgeCourse(treated, world({ healthAt }));
    expect(judged.deviations).toEqual({ contraindication: 1 });
    expect(Object.values(judged.sessionDeviations)).toEqual([['contraindication']]);
  });
});

describe('what a session of today is judged by besides', () => {
  const day = '2024-01-02T10:00';
  /** A session with other values, entered here unless it says otherwise. */
  const having = (changes: object): PlannedCourse => {
    const of = course({}, [day]);
    return { ...of, sessions: of.sessions.map((session) => ({ ...session, ...changes }) as typeof session) };
  };

  it('[session.device] deviates with a device that the protocol does not name, whatever it said before', () => {
    expect(deviationsOf(having({ device: 'mechanical-gun' }))).toEqual({ device: 1 });
    expect(deviationsOf(having({ device: 'microneedle-device', overridden: ['device'] }))).toEqual({});
  });
  it('[session.steps] deviates with steps that are left out, where steps were recorded', () => {
    expect(deviationsOf(having({ steps: [] }))).toEqual({ steps: 1 });
    const steps = builtInProtocol('facial')?.steps.map(({ code }) => ({ code, practitionerId: NURSE }));
    expect(deviationsOf(having({ steps }))).toEqual({});
    expect(deviationsOf(having({ steps: undefined }))).toEqual({});
  });
  it('[session.order] deviates where a nurse treated on nobody’s order', () => {
    const roleOf = () => 'nurse' as const;
    expect(deviationsOf(having({}), { roleOf })).toEqual({ order: 1 });
    expect(deviationsOf(having({ orderedBy: PRACTITIONER }), { roleOf })).toEqual({ order: 1 });
  });
  it('[session.order] deviates where who ordered it might not carry it out on that day (S2-Q1)', () => {
    const roleOf = (id: string) => (id === PRACTITIONER ? ('nurse' as const) : ('physician' as const));
    const until = (validTo: string) => (id: string) => [
      { procedures: ['facial'], validFrom: '2020-01-01', validTo: id === NURSE ? validTo : null },
    ];
    const ordered = having({ orderedBy: NURSE });
    expect(deviationsOf(ordered, { roleOf, credentialsOf: until('2024-01-02') })).toEqual({});
    expect(deviationsOf(ordered, { roleOf, credentialsOf: until('2024-01-01') })).toEqual({ order: 1 });
  });
  it('[session.credential] deviates where somebody did a step without a credential on that day (S2-Q1)', () => {
    const steps = builtInProtocol('facial')?.steps.map(({ code }) => ({ code, practitionerId: NURSE }));
    const credentialsOf = (id: string) =>
      id === NURSE ? [] : [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: null }];
    expect(deviationsOf(having({ steps }), { credentialsOf })).toEqual({ credential: 1 });
    expect(deviationsOf(having({ steps, isReconciled: true }), { credentialsOf })).toEqual({});
  });
  it('[lot.recalled] deviates with a lot that was recalled by then', () => {
    const isRecalledOn = (_site: string, _product: string, _lot: string, on: string) => on >= '2024-01-02';
    expect(deviationsOf(course({}, [day], ['2024-01-16T10:00']), { isRecalledOn })).toEqual({ 'lot-recalled': 2 });
    expect(deviationsOf(course({}, ['2024-01-01T10:00']), { isRecalledOn })).toEqual({});
  });
  it('[lot.volume-exceeds] deviates where more of a lot was used than was left, and not for having been accepted', () => {
    expect(deviationsOf(having({}), { isOverdrawn: () => true })).toEqual({ 'lot-volume': 1 });
    expect(deviationsOf(having({ overridden: ['lot-volume'] }))).toEqual({});
  });
  describe('is looked at by a physician', () => {
    const ENTERED = '2024-01-02T12:00:00.000Z';
    const [BEFORE, AFTER, LATER] = [
      '2024-01-01T12:00:00.000Z',
      '2024-01-03T12:00:00.000Z',
      '2024-01-04T12:00:00.000Z',
    ] as const;
    const reviews = (changes: object, around: Partial<CourseWorld> = {}): number =>
      judgeCourse(having({ recordedAt: ENTERED, ...changes }), world(around)).reviews.length;
    const recalled = (at: string): Partial<CourseWorld> => ({ isRecalledOn: () => true, recallEnteredAt: () => at });
    const receipt = (recordedAt: string, expiresOn: string): Partial<CourseWorld> => ({
      lotAt: () => ({ receivedOn: '2020-01-01', expiresOn, recordedAt }),
    });

    it('[session.reviewed] where a recall for its day is entered after it, until somebody has looked', () => {
      expect(reviews({}, recalled(AFTER))).toBe(1);
      expect(reviews({ reviewedAt: LATER }, recalled(AFTER))).toBe(0);
      // That a lot is recalled from a later day on is told by the trace of the lot.
      expect(reviews({}, { recallEnteredAt: () => undefined })).toBe(0);
    });
    it('[session.reviewed] where it is said anew to have used a lot that was recalled or had expired', () => {
      expect(reviews({}, recalled(BEFORE))).toBe(0);
      expect(reviews({ correctedAt: AFTER }, recalled(BEFORE))).toBe(1);
      expect(reviews({ correctedAt: AFTER, reviewedAt: LATER }, recalled(BEFORE))).toBe(0);
      expect(reviews({ correctedAt: LATER, reviewedAt: AFTER }, recalled(BEFORE))).toBe(1);
      expect(reviews({ correctedAt: AFTER }, receipt(BEFORE, '2024-01-01'))).toBe(1);
      expect(reviews({ correctedAt: AFTER }, receipt(BEFORE, '2024-01-02'))).toBe(0);
    });
    it('[session.reviewed] where a receipt is said anew to have expired before it', () => {
      expect(reviews({}, receipt(AFTER, '2024-01-01'))).toBe(1);
      expect(reviews({}, receipt(BEFORE, '2024-01-01'))).toBe(0);
      expect(reviews({ isReconciled: true }, receipt(AFTER, '2024-01-01'))).toBe(0);
    });
    it('[session.reviewed] where what was known before speaks against what it is said to have been (S0-C5)', () => {
      const allergic = { healthAt: () => ({ conditions: [], medications: [], allergies: ['hyaluronic acid'] }) };
      expect(reviews({}, allergic)).toBe(0);
      expect(reviews({ correctedAt: AFTER }, allergic)).toBe(1);
      expect(reviews({ correctedAt: AFTER })).toBe(0);
      // A yes without a physician's decision by then, whatever of the patient's health is on record.
      const undecided = { checkUndecided: true, correctedAt: AFTER };
      expect(reviews(undecided)).toBe(1);
      expect(reviews({ ...undecided, reviewedAt: LATER })).toBe(0);
      expect(reviews({ ...undecided, correctedAt: LATER, reviewedAt: AFTER })).toBe(1);
      // The receipt says only now what was in the lot.
      expect(reviews({}, { ...allergic, ...receipt(AFTER, '2030-01-01') })).toBe(1);
    });
    it('[session.reviewed] where its consultation turns out to have been cleared later, or for another procedure (S2-V1)', () => {
      const clearance = { at: '2024-01-05T09:00:00.000Z', lostAt: null };
      expect(reviews({}, { clearances: [{ ...clearance, movedAt: AFTER }] })).toBe(1);
      expect(reviews({ reviewedAt: LATER }, { clearances: [{ ...clearance, movedAt: AFTER }] })).toBe(0);
      expect(reviews({}, { clearances: [{ ...clearance, movedAt: null }] })).toBe(0);
      expect(reviews({ correctedAt: AFTER }, { clearances: [{ ...clearance, movedAt: null }] })).toBe(1);
      // On the same day nobody knows which was first.
      expect(reviews({}, { clearances: [{ ...clearance, at: '2024-01-02T18:00:00.000Z', movedAt: AFTER }] })).toBe(0);
      const about = (code: string) => ({ ...clearance, at: BEFORE, procedure: { code, since: AFTER } });
      expect(reviews({}, { clearances: [about('hair')] })).toBe(1);
      expect(reviews({}, { clearances: [about('facial')] })).toBe(0);
    });
  });
  it('is not counted of an old history, which was reconciled as it came', () => {
    const old = having({ device: 'mechanical-gun', steps: [], isReconciled: true });
    expect(deviationsOf(old, { roleOf: () => 'nurse' })).toEqual({});
  });
});

it('judges what needs no protocol while the protocol is not known', () => {
  const of = course(
    { plannedSessions: 99 },
    ['2024-01-02T10:00', { minutes: 5 }],
    ['2024-01-03T10:00', { minutes: 5 }],
  );
  expect(deviationsOf(of, { protocol: undefined, lotAt: () => undefined, consents: [] })).toEqual({
    'lot-not-received': 2,
    consent: 1,
  });
});
