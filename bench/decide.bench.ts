import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { wallToInstant, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { type CourseCommand, decideCourse } from '#libs/treatment/src/course/course.decider.js';
import {
  type CourseEvent,
  CoursePlanned,
  type CourseStreamEvent,
  FollowUpHeld,
  SessionBooked,
  SessionPerformed,
  SessionPerformedCorrected,
} from '#libs/treatment/src/course/course.events.js';
import { courseFold, type CourseState } from '#libs/treatment/src/course/course.state.js';
import type { SessionWorld } from '#libs/treatment/src/course/session-finding.js';
import { printFigures, printMachine } from './support/figures.js';

/**
 * What a command on a long course costs without I/O: its corrections applied, its events folded, and the decision. The
 * course has 15 performed sessions, 20 follow-ups and 5 corrections, and one more session that is about to be recorded.
 */
const [SESSIONS, FOLLOW_UPS, CORRECTIONS] = [15, 20, 5];
const ROUNDS = 5_000;
const WARM_UP = 1_000;

const [courseId, patientId, siteId, practitionerId, consultationId, sessionId] = Array.from({ length: 6 }, newId) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const ofCourse = { courseId, patientId };
const place = { siteId, practitionerId };
const time = (date: string, clock = '10:00'): ZonedTime => wallToInstant(`${date}T${clock}`, 'Europe/Istanbul');
const dateOf = (session: number): string => addDays('2025-01-06', session * 14);
const NOW = time(dateOf(SESSIONS), '12:00').instant;

const events = recorded(history());
const world = worldOf();
const command: CourseCommand = {
  type: 'PerformSession',
  sessionId,
  ...place,
  orderedById: undefined,
  at: time(dateOf(SESSIONS)),
  endedAt: undefined,
  steps: undefined,
  world,
  data: {
    areas: ['face'],
    device: 'needle',
    depthMm: 2,
    durationMinutes: 45,
    products: [{ product: 'GlowMeso HA', lotNumber: 'L1' }],
    reactions: [],
    identifiers: ['name', 'birth-date'],
    check: Object.fromEntries(facial.preSession.checks.map(({ code }) => [code, 'no' as const])),
    overrides: [],
  },
};

printMachine();
const whole = measured(() => decideCourse(command, fold(), NOW));
const state = fold();
const decision = measured(() => decideCourse(command, state, NOW));
console.log(`${events.length} events: ${SESSIONS} sessions, ${FOLLOW_UPS} follow-ups, ${CORRECTIONS} corrections\n`);
printFigures([
  { what: 'corrections applied, folded and decided, p50', value: whole.p50, unit: 'ms' },
  { what: 'corrections applied, folded and decided, p99', value: whole.p99, unit: 'ms', target: '<= 1' },
  { what: 'the decision alone, p50', value: decision.p50, unit: 'ms' },
  { what: 'the decision alone, p99', value: decision.p99, unit: 'ms', target: '<= 1' },
]);

function fold(): CourseState {
  const effective = effectiveHistory(events as RecordedEvent[]) as unknown as RecordedEvent<CourseEvent>[];
  return effective.reduce(courseFold.evolve, courseFold.initial);
}

function measured(decide: () => readonly unknown[]): { p50: number; p99: number } {
  const took: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const since = performance.now();
    // A decision that was refused would be a shorter one.
    if (decide().length !== 1) throw new Error('The session was not recorded');
    if (round >= WARM_UP) took.push(performance.now() - since);
  }
  took.sort((a, b) => a - b);
  const at = (part: number): number => took[Math.floor(took.length * part)] as number;
  return { p50: at(0.5), p99: at(0.99) };
}

function history(): CourseStreamEvent[] {
  const planned = CoursePlanned(occurredNow('2025-01-01T09:00:00.000Z'), {
    ...ofCourse,
    ...place,
    consultationId,
    protocol: { code: 'facial', version: 1 },
    plannedSessions: SESSIONS + 1,
    countReason: 'worn skin',
  });
  const sessions = Array.from({ length: SESSIONS }, (_, n) => visit(newId(), n));
  const followUps = Array.from({ length: FOLLOW_UPS }, (_, n) => {
    const at = time(addDays('2025-01-07', n * 10));
    const held = { followUpId: newId(), siteId, kind: 'remote' as const, at, reactions: [] };
    return FollowUpHeld(occurredAt(at), { ...ofCourse, ...held, outcomeScore: 4 });
  });
  const corrections = Array.from({ length: CORRECTIONS }, (_, n) => {
    // Entries stand in pairs after the plan: the booking, then the session.
    const performed = sessions[n]?.[1] as ReturnType<typeof SessionPerformed>;
    return SessionPerformedCorrected(performed.occurredAt, {
      ...performed.data,
      depthMm: 3,
      corrects: eventIdOf(2 + n * 2),
      correctionReason: 'typed wrongly',
    });
  });
  return [planned, ...sessions.flat(), ...followUps, ...corrections, booking(sessionId, SESSIONS)];
}

function booking(id: string, n: number) {
  const booked = { sessionId: id, kind: 'course' as const, number: n + 1, at: time(dateOf(n)) };
  return SessionBooked(occurredNow('2025-01-01T09:00:00.000Z'), { ...ofCourse, ...place, ...booked });
}

function visit(id: string, n: number): [ReturnType<typeof booking>, ReturnType<typeof SessionPerformed>] {
  const at = time(dateOf(n));
  const performed = SessionPerformed(occurredAt(at), {
    ...ofCourse,
    ...place,
    sessionId: id,
    kind: 'course',
    number: n + 1,
    at,
    durationMinutes: 45,
    areas: ['face', 'neck'],
    device: 'needle',
    depthMm: 2,
    products: [{ product: 'GlowMeso HA', lotNumber: 'L1', volumeMl: 2 }],
    painScore: 2,
    reactions: ['redness'],
    overridden: [],
    overrideReasons: {},
  });
  return [booking(id, n), performed];
}

/** As the store gives them. */
function recorded(entries: readonly CourseStreamEvent[]): RecordedEvent<CourseStreamEvent>[] {
  return entries.map(
    (event, revision) =>
      ({
        ...event,
        revision,
        position: revision + 1,
        recordedAt: event.occurredAt.instant,
        header: { id: eventIdOf(revision), type: event.type, origin: 'live' },
      }) as unknown as RecordedEvent<CourseStreamEvent>,
  );
}

function eventIdOf(revision: number): string {
  return `0199a000-0000-7000-8000-${String(revision).padStart(12, '0')}`;
}

/** A patient with answers to compare, so that the lists of contraindications are gone through. */
function worldOf(): SessionWorld {
  const health = { allergies: ['penicillin'], conditions: [], medications: ['ibuprofen'] };
  const physician = {
    status: 'registered' as const,
    practitionerId,
    role: 'physician' as const,
    credentials: [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: null }],
  };
  return {
    protocol: facial,
    person: {
      patients: [
        {
          status: 'registered',
          patientId,
          preference: { language: 'en', channel: 'email', contactConsent: true },
          identity: { familyName: 'Doe', givenName: 'Jane', birthDate: '1980-05-05', sex: 'female' },
          health,
          healthRecords: [{ since: null, recordedAt: NOW, health }],
          healthFacts: [],
          courseIds: [courseId],
          links: [],
          undoneLinkIds: [],
          adverseEvents: [],
          diedOn: null,
          movedAwayOn: null,
          guardian: null,
        },
      ],
    } as unknown as SessionWorld['person'],
    practitioner: physician as unknown as SessionWorld['practitioner'],
    orderedBy: undefined,
    consultation: {
      status: 'concluded',
      consultationId,
      patientId,
      siteId,
      procedure: 'facial',
      answers: [],
      considered: null,
      overrides: [],
      conclusion: { outcome: 'cleared' },
      concludedOn: '2025-01-01',
      consents: [{ procedure: 'facial', signedOn: '2025-01-01', validUntil: null }],
    } as unknown as SessionWorld['consultation'],
    lots: [
      {
        lot: {
          status: 'received',
          expiresOn: '2027-12-31',
          receivedOn: '2024-01-01',
          ingredients: ['hyaluronic acid'],
          vials: [],
        },
        recall: { status: 'none' },
      } as unknown as SessionWorld['lots'][number],
    ],
    otherCourses: [],
  };
}
