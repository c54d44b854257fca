import { CONTACT_INITIAL } from '#libs/treatment/src/contact/contact.state.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { resolveWall, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { HeldConsultation } from '#libs/treatment/src/consultation/consultation.state.js';
import {
  CoursePlanned,
  type CourseStreamEvent,
  FollowUpHeld,
  SessionBooked,
  type SessionKind,
  SessionPerformed,
} from '#libs/treatment/src/course/course.events.js';
import { courseFold, type CourseState } from '#libs/treatment/src/course/course.state.js';
import type { CourseEvent } from '#libs/treatment/src/course/course.events.js';
import type { PerformSession } from '#libs/treatment/src/course/session.decider.js';
import type { LotWorld, SessionWorld } from '#libs/treatment/src/course/session-finding.js';
import type { ReceivedLot } from '#libs/treatment/src/lot/lot.state.js';
import type { RegisteredPatient } from '#libs/treatment/src/patient/patient.state.js';
import type { Person } from '#libs/treatment/src/patient/person.js';
import type { PractitionerState } from '#libs/treatment/src/practitioner/practitioner.state.js';
import { saysEnough } from './refusal-says.js';

/** A course under `facial` in Istanbul and everything that its decisions look at, for tests that read given, when, then. */

const ZONE = 'Europe/Istanbul';
const ids = () => newId();
export const courseId = ids();
export const patientId = ids();
export const siteId = ids();
export const practitionerId = ids();
export const physicianId = ids();
export const consultationId = ids();
export const sessionId = ids();
export const ofCourse = { courseId, patientId };

/** A wall time in Istanbul. */
export function at(wall: string): ZonedTime {
  const resolved = resolveWall(wall, ZONE);
  if (resolved.kind === 'skipped') throw new Error(wall);
  return resolved.time;
}
export const NOW = at('2026-03-02T18:00').instant;

export const planned = CoursePlanned(occurredNow('2026-01-02T09:00:00.000Z'), {
  ...ofCourse,
  siteId,
  practitionerId,
  consultationId,
  protocol: { code: 'facial', version: 1 },
  plannedSessions: 4,
});

export const booked = (session: string, wall: string, number = 1, kind: SessionKind = 'course', more: object = {}) =>
  SessionBooked(occurredNow(NOW), {
    ...ofCourse,
    sessionId: session,
    kind,
    number,
    siteId,
    practitionerId,
    at: at(wall),
    ...more,
  });

export const performed = (session: string, wall: string, number: number, more: object = {}) =>
  SessionPerformed(occurredAt(at(wall)), {
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
    ...more,
  });

export const followUp = (wall: string, more: object = {}) =>
  FollowUpHeld(occurredAt(at(wall)), {
    ...ofCourse,
    followUpId: newId(),
    siteId,
    kind: 'remote',
    at: at(wall),
    reactions: [],
    ...more,
  });

/** Events as a store would have recorded them, one a minute after the other. */
export const recorded = (events: readonly CourseStreamEvent[]): RecordedEvent<CourseStreamEvent>[] =>
  events.map(
    (event, revision) =>
      ({
        ...event,
        chain: courseId,
        stream: `course-${courseId}`,
        position: revision + 1,
        revision,
        recordedAt: new Date(Date.parse(NOW) + revision * 60_000).toISOString(),
        header: { id: eventIdOf(revision), type: event.type, origin: 'live', occurredAt: event.occurredAt },
      }) as unknown as RecordedEvent<CourseStreamEvent>,
  );
/** The id that `recorded` gives to an event. */
export const eventIdOf = (revision: number): string => `0199a000-0000-7000-8000-${String(revision).padStart(12, '0')}`;

/** The state that a course has after these events, corrections applied. */
export const given = (...events: readonly CourseStreamEvent[]): CourseState =>
  (effectiveHistory(recorded(events) as RecordedEvent[]) as unknown as RecordedEvent<CourseEvent>[]).reduce(
    courseFold.evolve,
    courseFold.initial,
  );

export const cleared: HeldConsultation = {
  status: 'concluded',
  consultationId,
  patientId,
  siteId,
  practitionerId: physicianId,
  procedure: 'facial',
  zone: ZONE,
  heldOn: '2026-01-02',
  notes: {},
  answeredCodes: [],
  answers: [],
  considered: null,
  testsPending: [],
  testResults: [],
  overrides: [],
  conclusion: { outcome: 'cleared' },
  concludedOn: '2026-01-02',
  concludedBy: physicianId,
  conclusionReason: '',
  consents: [{ procedure: 'facial', signedOn: '2026-01-02', validUntil: null }],
};

const health = { allergies: [], conditions: [], medications: [] };
export const patient: RegisteredPatient = {
  status: 'registered',
  patientId,
  preference: { language: 'en', channel: 'email', contactConsent: true },
  contact: CONTACT_INITIAL,
  identity: { familyName: 'Doe', givenName: 'Jane', birthDate: '1980-05-05', sex: 'female' },
  health,
  healthRecords: [{ since: null, position: 1, health }],
  healthFacts: [],
  courseIds: [],
  consentWithdrawals: [],
  links: [],
  undoneLinkIds: [],
  adverseEvents: [],
  diedOn: null,
  movedAwayOn: null,
  guardian: null,
  erasureId: null,
};

/** A person with one registration, who said this of their health. */
export const personWith = (said: Partial<typeof health> | Record<string, string[]>): Person => ({
  patients: [
    {
      ...patient,
      healthRecords: [{ since: null, position: 1, health: { ...health, ...said } }],
    },
  ],
});

export const nurse: PractitionerState = {
  status: 'registered',
  practitionerId,
  role: 'nurse',
  credentials: [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: '2026-12-31' }],
};
export const physician: PractitionerState = { ...nurse, practitionerId: physicianId, role: 'physician' };

export const lot: ReceivedLot = {
  status: 'received',
  entryId: newId(),
  lotId: newId(),
  siteId,
  product: 'GlowMeso HA',
  lotNumber: 'L1',
  gtin: null,
  serial: null,
  expiresOn: '2026-12-31',
  receivedOn: '2026-01-01',
  ingredients: ['hyaluronic acid'],
  volumeMl: null,
  units: null,
  vials: [],
  wastes: [],
  wastedMl: 0,
};
export const lotWith = (changes: Partial<ReceivedLot> = {}): LotWorld => ({
  lot: { ...lot, ...changes },
  recall: { status: 'none' },
});

export const world: SessionWorld = {
  protocol: facial,
  person: { patients: [patient] },
  practitioner: nurse,
  orderedBy: physician,
  consultation: cleared,
  lots: [lotWith()],
  otherCourses: [],
};

/** Every question of the pre-treatment check answered with no. */
export const allNo = ({ preSession }: Pick<Protocol, 'preSession'> = facial): Record<string, 'yes' | 'no'> =>
  Object.fromEntries(preSession.checks.map(({ code }) => [code, 'no']));

/** A session against which nothing stands, with changes. */
export function perform(
  changes: Partial<SessionWorld> = {},
  data: Partial<PerformSession['data']> = {},
  wall = '2026-03-02T17:00',
  more: Partial<PerformSession> = {},
): PerformSession {
  return {
    type: 'PerformSession',
    sessionId,
    siteId,
    practitionerId,
    orderedById: physicianId,
    at: at(wall),
    endedAt: undefined,
    steps: undefined,
    world: { ...world, ...changes },
    data: {
      areas: ['cheeks'],
      device: 'needle',
      depthMm: 2,
      durationMinutes: 45,
      products: [{ product: 'GlowMeso HA', lotNumber: 'L1' }],
      reactions: [],
      identifiers: ['name', 'birth-date'],
      check: allNo(),
      overrides: [],
      ...data,
    },
    ...more,
  };
}

export interface SeenRefusal {
  readonly code: string;
  readonly rules: (string | undefined)[];
  readonly facts: string[];
}

/** What a decision was refused for. */
export function refusal(decide: () => unknown): SeenRefusal {
  try {
    decide();
  } catch (error) {
    if (!(error instanceof PistorError)) throw error;
    saysEnough(error);
    return {
      code: error.code,
      rules: error.fields.map((field) => field.rule),
      facts: error.fields.flatMap((field) => field.facts ?? []),
    };
  }
  throw new Error('Nothing was refused');
}
