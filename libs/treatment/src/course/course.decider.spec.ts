import fc from 'fast-check';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { ERASED } from '#libs/event-store/src/personal-data.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { resolveWall, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import type { ConsultationState } from '../consultation/consultation.state.js';
import type { PatientState } from '../patient/patient.state.js';
import type { PractitionerState } from '../practitioner/practitioner.state.js';
import { type CourseCommand, decideCourse } from './course.decider.js';
import {
  CourseCompleted,
  type CourseEvent,
  CoursePlanned,
  CourseStopped,
  MaintenanceDeclined,
  SessionBooked,
  SessionPerformed,
} from './course.events.js';
import type { SessionWorld } from './session.rules.js';
import { courseFold, type CourseState } from './course.state.js';

const ZONE = 'Europe/Istanbul';
const [courseId, patientId, siteId, practitionerId, consultationId, sessionId] = Array.from({ length: 6 }, newId) as [
  string,
  string,
  string,
  string,
  string,
  string,
];

function at(wall: string): ZonedTime {
  const resolved = resolveWall(wall, ZONE);
  if (resolved.kind === 'skipped') throw new Error(wall);
  return resolved.time;
}
const NOW = at('2026-03-02T18:00').instant;

const planned = CoursePlanned(occurredNow('2026-01-02T09:00:00.000Z'), {
  courseId,
  patientId,
  siteId,
  practitionerId,
  consultationId,
  protocol: { code: 'facial', version: 1 },
  plannedSessions: 4,
});
const ofCourse = { courseId, patientId };
const booked = (session: string, wall: string, number = 1, kind: 'course' | 'maintenance' = 'course') =>
  SessionBooked(occurredNow(NOW), {
    ...ofCourse,
    sessionId: session,
    kind,
    number,
    siteId,
    practitionerId,
    at: at(wall),
  });
const performed = (session: string, wall: string, number: number) =>
  SessionPerformed(occurredNow(at(wall).instant), {
    ...ofCourse,
    sessionId: session,
    kind: 'course',
    number,
    siteId,
    practitionerId,
    at: at(wall),
    areas: ['cheeks'],
    device: 'needle',
    products: [{ product: 'GlowMeso HA', lotNumber: 'L1' }],
    reactions: [],
    overridden: [],
    overrideReasons: {},
  });

const cleared: ConsultationState = {
  status: 'concluded',
  consultationId,
  patientId,
  siteId,
  procedure: 'facial',
  conclusion: { outcome: 'cleared' },
  consents: [{ procedure: 'facial', signedOn: '2026-02-01', validUntil: null }],
};
const patient: PatientState = {
  status: 'registered',
  patientId,
  preference: { language: 'en', channel: 'email', contactConsent: true },
  identity: ERASED,
  health: { allergies: [], conditions: [], medications: [] },
};
const nurse: PractitionerState = {
  status: 'registered',
  practitionerId,
  role: 'nurse',
  credentials: [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: '2026-12-31' }],
};
const physician: PractitionerState = { ...nurse, role: 'physician' };
const lot = {
  status: 'received' as const,
  lotId: newId(),
  siteId,
  product: 'GlowMeso HA',
  lotNumber: 'L1',
  expiresOn: '2026-12-31',
  receivedOn: '2026-01-01',
  ingredients: ['hyaluronic acid'],
};
const world: SessionWorld = { protocol: facial, patient, practitioner: nurse, consultation: cleared, lots: [lot] };

function perform(changes: Partial<SessionWorld> = {}, data: object = {}, wall = '2026-03-02T17:00'): CourseCommand {
  return {
    type: 'PerformSession',
    sessionId,
    siteId,
    practitionerId,
    at: at(wall),
    world: { ...world, ...changes },
    data: {
      areas: ['cheeks'],
      device: 'needle',
      depthMm: 2,
      durationMinutes: 45,
      products: [{ product: 'GlowMeso HA', lotNumber: 'L1' }],
      reactions: [],
      overrides: [],
      ...data,
    },
  };
}

const given = (...events: CourseEvent[]): CourseState =>
  events.reduce<CourseState>(
    (state, event) =>
      courseFold.evolve(state, { ...event, header: { origin: 'live' } } as unknown as RecordedEvent<CourseEvent>),
    courseFold.initial,
  );

function refusal(decide: () => unknown): { code: string; rules: (string | undefined)[]; facts: string[] } {
  try {
    decide();
  } catch (error) {
    if (!(error instanceof PistorError)) throw error;
    return {
      code: error.code,
      rules: error.fields.map((field) => field.rule),
      facts: error.fields.flatMap((field) => field.facts ?? []),
    };
  }
  throw new Error('was not refused');
}

describe('planning a course', () => {
  const plan = (changes: object = {}): CourseCommand => ({
    type: 'PlanCourse',
    courseId,
    siteId,
    siteZone: ZONE,
    practitionerId,
    protocol: facial,
    consultation: cleared,
    plannedSessions: 4,
    countReason: undefined,
    ...changes,
  });
  const rules = (changes: object) => refusal(() => decideCourse(plan(changes), courseFold.initial, NOW)).rules;

  it('keeps the version of the protocol that it was planned with', () => {
    expect(decideCourse(plan(), courseFold.initial, NOW)).toMatchObject([
      { type: 'CoursePlanned', data: { patientId, protocol: { code: 'facial', version: 1 }, plannedSessions: 4 } },
    ]);
  });
  it('needs a cleared consultation', () => {
    expect(rules({ consultation: { ...cleared, conclusion: { outcome: 'refused' } } })).toEqual([
      'consultation.cleared',
    ]);
    expect(rules({ consultation: { ...cleared, conclusion: undefined } })).toEqual(['consultation.cleared']);
  });
  it('needs a consent for the procedure that is in force', () => {
    expect(rules({ consultation: { ...cleared, consents: [] } })).toEqual(['consent']);
    const ended = [{ procedure: 'facial', signedOn: '2026-01-01', validUntil: '2026-03-01' }];
    expect(rules({ consultation: { ...cleared, consents: ended } })).toEqual(['consent']);
  });
  it('takes a number of sessions outside the range only with the physician’s reason (S1-N1)', () => {
    expect(refusal(() => decideCourse(plan({ plannedSessions: 9 }), courseFold.initial, NOW))).toEqual({
      code: 'course.plan-refused',
      rules: ['session-count'],
      facts: ['S1-N1'],
    });
    expect(decideCourse(plan({ plannedSessions: 9, countReason: 'worn skin' }), courseFold.initial, NOW)).toHaveLength(
      1,
    );
  });
  it('names everything that stands against it at once', () => {
    expect(
      rules({ consultation: { ...cleared, conclusion: undefined, consents: [] }, plannedSessions: 1 }),
    ).toHaveLength(3);
  });
});

describe('performing a session', () => {
  const ready = given(planned, booked(sessionId, '2026-03-02T17:00'));
  const rules = (command: CourseCommand, state = ready) => refusal(() => decideCourse(command, state, NOW)).rules;

  it('is recorded when nothing stands against it', () => {
    expect(decideCourse(perform(), ready, NOW)).toMatchObject([
      { type: 'SessionPerformed', data: { sessionId, number: 1, kind: 'course', overridden: [] } },
    ]);
  });
  it('is refused too early for the interval, unless overridden with a reason (S1-N1)', () => {
    const early = given(planned, performed(newId(), '2026-02-20T10:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    expect(refusal(() => decideCourse(perform(), early, NOW))).toMatchObject({
      rules: ['interval-short'],
      facts: ['S1-N1'],
    });
    const overrides = [{ deviation: 'interval-short', reason: 'the patient travels' }];
    expect(decideCourse(perform({}, { overrides }), early, NOW)).toMatchObject([
      { data: { overridden: ['interval-short'], overrideReasons: { 'interval-short': 'the patient travels' } } },
    ]);
  });
  it('is refused without a credential that is valid on that day (S2-Q1)', () => {
    expect(rules(perform({ practitioner: { ...nurse, credentials: [] } }))).toEqual(['credential']);
    const ended = [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: '2026-03-01' }];
    expect(rules(perform({ practitioner: { ...nurse, credentials: ended } }))).toEqual(['credential']);
    const lastDay = [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: '2026-03-02' }];
    expect(decideCourse(perform({ practitioner: { ...nurse, credentials: lastDay } }), ready, NOW)).toHaveLength(1);
  });
  it('is refused with a lot that expired, or was not received at that site', () => {
    expect(rules(perform({ lots: [{ ...lot, expiresOn: '2026-03-01' }] }))).toEqual(['lot-expired']);
    expect(rules(perform({ lots: [{ status: 'none' }] }))).toEqual(['lot-not-received']);
    expect(rules(perform({ lots: [{ ...lot, receivedOn: '2026-03-03' }] }))).toEqual(['lot-not-received']);
    expect(decideCourse(perform({ lots: [{ ...lot, expiresOn: '2026-03-02' }] }), ready, NOW)).toHaveLength(1);
  });
  it('cannot override a lot, a credential or a consent, whatever the reason', () => {
    const overrides = (['lot-expired', 'credential', 'consent'] as const).map((deviation) => ({
      deviation,
      reason: 'please',
    }));
    const changes = {
      lots: [{ ...lot, expiresOn: '2026-03-01' }],
      practitioner: { ...physician, credentials: [] },
      consultation: { ...cleared, consents: [] },
    };
    expect(new Set(rules(perform(changes, { overrides })))).toEqual(new Set(['consent', 'credential', 'lot-expired']));
  });
  it('is refused when the consent was withdrawn', () => {
    expect(rules(perform({ consultation: { ...cleared, consents: [] } }))).toEqual(['consent']);
  });
  it('lets only a physician override a contraindication, and never pregnancy or an allergy (S0-C1, S0-C5)', () => {
    const ill = (health: object) => ({
      patient: { ...patient, health: { allergies: [], conditions: [], medications: [], ...health } },
    });
    const overrides = [{ deviation: 'contraindication', reason: 'stable for years' }];
    const heart = ill({ conditions: ['cardiovascular-disease'] });
    expect(rules(perform(heart, { overrides }))).toEqual(['contraindication']);
    expect(decideCourse(perform({ ...heart, practitioner: physician }, { overrides }), ready, NOW)).toHaveLength(1);
    const pregnant = { ...ill({ conditions: ['pregnancy'] }), practitioner: physician };
    expect(refusal(() => decideCourse(perform(pregnant, { overrides }), ready, NOW)).facts).toContain('S0-C1');
    const allergic = { ...ill({ allergies: ['Hyaluronic Acid'] }), practitioner: physician };
    expect(refusal(() => decideCourse(perform(allergic, { overrides }), ready, NOW)).facts).toContain('S0-C5');
  });
  it('is refused when nobody can tell any more whether it is safe', () => {
    expect(rules(perform({ patient: { ...patient, health: ERASED } }))).toEqual(['contraindication']);
  });
  it('records a depth or duration outside the range only with a reason (S3-D1, S4-U1)', () => {
    expect(rules(perform({}, { depthMm: 6, durationMinutes: 90 }))).toEqual(['depth', 'duration']);
    expect(decideCourse(perform({}, { depthMm: 6, device: 'needle-free' }), ready, NOW)).toHaveLength(1);
    const overrides = [
      { deviation: 'depth', reason: 'scar' },
      { deviation: 'duration', reason: 'large area' },
    ];
    expect(decideCourse(perform({}, { depthMm: 6, durationMinutes: 90, overrides }), ready, NOW)).toMatchObject([
      { data: { overridden: ['depth', 'duration'] } },
    ]);
  });
  it('keeps its distance from a later session, too, when it is entered late (S1-N1)', () => {
    const late = given(planned, performed(newId(), '2026-03-02T16:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    expect(refusal(() => decideCourse(perform({}, {}, '2025-12-30T15:00'), late, NOW)).rules).toEqual([
      'session.before-plan',
    ]);
    expect(rules(perform({}, {}, '2026-03-02T15:00'), late)).toEqual(['interval-short']);
  });
  it('is held for a physician when the health record has what no list knows (S4-C1)', () => {
    const unlisted = {
      patient: { ...patient, health: { allergies: [], conditions: [], medications: ['Warfarin 5 mg'] } },
    };
    const overrides = [{ deviation: 'contraindication', reason: 'looked at' }];
    expect(refusal(() => decideCourse(perform(unlisted, { overrides }), ready, NOW)).facts).toContain('S4-C1');
    expect(decideCourse(perform({ ...unlisted, practitioner: physician }, { overrides }), ready, NOW)).toHaveLength(1);
  });
  it('is refused before it has begun, and when it was performed already', () => {
    expect(rules(perform({}, {}, '2026-03-02T19:00'))).toEqual(['session.in-future']);
    const done = given(planned, booked(sessionId, '2026-03-02T17:00'), performed(sessionId, '2026-03-02T17:00', 1));
    expect(refusal(() => decideCourse(perform(), done, NOW)).code).toBe('session.not-booked');
  });
  it('names everything that stands against it at once', () => {
    const changes = { lots: [{ status: 'none' as const }], practitioner: { ...nurse, credentials: [] } };
    expect(new Set(rules(perform(changes, { depthMm: 9 })))).toEqual(
      new Set(['credential', 'depth', 'lot-not-received']),
    );
  });
});

describe('booking', () => {
  const book = (
    wall: string,
    kind: 'course' | 'maintenance' = 'course',
    changes: Partial<SessionWorld> = {},
  ): CourseCommand => ({
    type: 'BookSession',
    sessionId: newId(),
    kind,
    siteId,
    practitionerId,
    at: at(wall),
    world: { consultation: cleared, practitioner: nurse, ...changes },
  });
  it('numbers sessions within their kind', () => {
    const state = given(
      planned,
      booked(newId(), '2026-03-05T10:00', 1),
      booked(newId(), '2026-04-05T10:00', 1, 'maintenance'),
    );
    expect(decideCourse(book('2026-03-20T10:00'), state, NOW)).toMatchObject([{ data: { number: 2 } }]);
  });
  it('needs a consent that is in force and a practitioner with a credential on that day (S2-Q1)', () => {
    const none = book('2026-03-20T10:00', 'course', { consultation: { ...cleared, consents: [] } });
    expect(refusal(() => decideCourse(none, given(planned), NOW)).rules).toEqual(['consent']);
    const ended = book('2027-03-20T10:00');
    expect(refusal(() => decideCourse(ended, given(planned), NOW)).rules).toEqual(['credential']);
  });
  it('of maintenance is refused while the course goes on, and once it was declined (S2-M1)', () => {
    const early = refusal(() => decideCourse(book('2026-06-20T10:00', 'maintenance'), given(planned), NOW));
    expect(early.rules).toEqual(['maintenance.after-course']);
    const declined = given(
      planned,
      CourseCompleted(occurredNow(NOW), ofCourse),
      MaintenanceDeclined(occurredNow(NOW), ofCourse),
    );
    const late = refusal(() => decideCourse(book('2026-06-20T10:00', 'maintenance'), declined, NOW));
    expect(late.rules).toEqual(['maintenance.declined']);
  });
  it('is refused in the past', () => {
    expect(refusal(() => decideCourse(book('2026-03-01T10:00'), given(planned), NOW)).code).toBe(
      'session.booking-refused',
    );
  });
  it('of maintenance goes on after completion; of a course session it does not', () => {
    const state = given(planned, CourseCompleted(occurredNow(NOW), ofCourse));
    expect(decideCourse(book('2026-06-20T10:00', 'maintenance'), state, NOW)).toHaveLength(1);
    expect(refusal(() => decideCourse(book('2026-06-20T10:00'), state, NOW)).code).toBe('course.not-active');
  });
  it('is refused in a course that was stopped', () => {
    const state = given(planned, CourseStopped(occurredNow(NOW), { ...ofCourse, reason: 'moved' }));
    expect(refusal(() => decideCourse(book('2026-06-20T10:00', 'maintenance'), state, NOW)).code).toBe(
      'course.not-active',
    );
  });
});

describe('completing a course', () => {
  it('needs all planned sessions performed and none still booked', () => {
    const four = ['2026-01-05', '2026-01-19', '2026-02-02', '2026-02-16'].map((date, n) =>
      performed(newId(), `${date}T10:00`, n + 1),
    );
    const code = (state: CourseState) => refusal(() => decideCourse({ type: 'CompleteCourse' }, state, NOW)).code;
    expect(code(given(planned, ...four.slice(1)))).toBe('course.not-complete');
    expect(code(given(planned, ...four, booked(newId(), '2026-03-05T10:00', 5)))).toBe('course.not-complete');
    expect(decideCourse({ type: 'CompleteCourse' }, given(planned, ...four), NOW)).toMatchObject([
      { type: 'CourseCompleted' },
    ]);
  });
});

it('never performs, misses or cancels a session twice, whatever is asked in whatever order', () => {
  const command = fc.constantFrom<CourseCommand>(
    perform(),
    { type: 'MissSession', sessionId },
    { type: 'CancelSession', sessionId, reason: 'ill' },
    { type: 'CompleteCourse' },
    { type: 'StopCourse', reason: 'moved away' },
    { type: 'DeclineMaintenance' },
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      const history: CourseEvent[] = [planned, booked(sessionId, '2026-03-02T17:00')];
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
