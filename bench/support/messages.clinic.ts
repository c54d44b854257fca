import type { ExpectedRevision, StreamName } from '#libs/event-store/src/event-store.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { type Instant, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import {
  ConsentSigned,
  ConsultationConcluded,
  ConsultationHeld,
  consultationStream,
} from '#libs/treatment/src/consultation/consultation.events.js';
import {
  CoursePlanned,
  courseStream,
  SessionBooked,
  SessionPerformed,
} from '#libs/treatment/src/course/course.events.js';
import { PatientRegistered, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import {
  CredentialGranted,
  PractitionerRegistered,
  practitionerStream,
} from '#libs/treatment/src/practitioner/practitioner.events.js';
import { ProtocolPublished, protocolStream } from '#libs/treatment/src/protocol/protocol.events.js';
import { QUIET_HOURS_DEFAULT, SiteRegistered, siteStream } from '#libs/treatment/src/site/site.events.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RECORDED = occurredNow('2024-01-01T00:00:00.000Z', 'unknown');
const PROCEDURE = 'facial';
/** Not as many as a real site has patients: what a site's stream costs is shared by what goes at the same time. */
const SITES = 10;

/** One append of the clinic. */
export interface ClinicAppend {
  readonly stream: StreamName;
  readonly expectedRevision: ExpectedRevision;
  readonly events: readonly NewEvent[];
  /** Somebody whose first event this is: keys are made before it. */
  readonly newPerson?: Id;
}

/**
 * Clinics of which messages follow, each patient with one course. It is noon at every site at the instant that matters,
 * whenever this runs, so that no quiet hours stand in the way.
 */
export class MessagesClinic {
  private readonly sites = Array.from({ length: SITES }, newId);
  private readonly practitionerId = newId();
  private readonly zone: string;
  private next = 0;

  /** @param noon an instant that shall be about noon at the sites */
  constructor(noon: Instant) {
    const hours = 12 - new Date(noon).getUTCHours();
    // The signs of these zones are the other way round: Etc/GMT-3 is three hours ahead of UTC.
    this.zone = hours === 0 ? 'Etc/GMT' : hours > 0 ? `Etc/GMT-${hours}` : `Etc/GMT+${-hours}`;
  }

  /** Protocols, sites and whoever treats there. */
  *references(chainId: Id): Generator<ClinicAppend> {
    const alone = (stream: StreamName, ...events: NewEvent[]): ClinicAppend => ({
      ...{ stream, events },
      expectedRevision: 'any',
    });
    for (const protocol of BUILT_IN_PROTOCOLS) {
      yield alone(protocolStream(chainId, protocol.code), ProtocolPublished(RECORDED, { protocol }));
    }
    for (const [n, siteId] of this.sites.entries()) {
      const data = { siteId, name: `Site ${n}`, timeZone: this.zone, language: 'en', quietHours: QUIET_HOURS_DEFAULT };
      yield alone(siteStream(siteId), SiteRegistered(RECORDED, data));
    }
    const { practitionerId } = this;
    const credential = { practitionerId, procedures: [PROCEDURE], validFrom: '2020-01-01', validTo: null };
    yield {
      ...alone(
        practitionerStream(practitionerId),
        PractitionerRegistered(RECORDED, { practitionerId, role: 'physician', name: 'Zoë García' }),
        CredentialGranted(RECORDED, credential),
      ),
      newPerson: practitionerId,
    };
  }

  /**
   * A patient after a visit: of the session that was performed yesterday follow aftercare, all-clear and check-in, of the
   * next one, in ten days, a notice and a reminder.
   */
  afterVisit(now: Instant): ClinicAppend[] {
    return this.patient(now, [-DAY_MS], [10 * DAY_MS]);
  }

  /** A patient with a check-in, an all-clear and a reminder that all fall due by an instant in the next hours. */
  allDueAt(due: Instant): ClinicAppend[] {
    return this.patient(due, [-3 * DAY_MS - SESSION_MINUTES * 60_000], [DAY_MS]);
  }

  /** A patient with so many sessions, whose reminders fall due at these instants of the next hours. */
  remindersDueAt(due: readonly Instant[]): ClinicAppend[] {
    const [first] = due as readonly [Instant];
    return this.patient(
      first,
      [],
      due.map((each) => Date.parse(each) - Date.parse(first) + DAY_MS),
    );
  }

  /** @param performed and booked: milliseconds from `base` at which sessions were, and are to be */
  private patient(base: Instant, performed: readonly number[], booked: readonly number[]): ClinicAppend[] {
    const { practitionerId } = this;
    const siteId = this.sites[this.next % SITES] as Id;
    this.next += 1;
    const [patientId, courseId, consultationId] = [newId(), newId(), newId()];
    const at = (ms: number) => zonedTime(new Date(Date.parse(base) + ms).toISOString(), this.zone);
    const of = { courseId, patientId };
    const place = { siteId, practitionerId };
    const session = (number: number) => ({ ...of, ...place, sessionId: newId(), kind: 'course' as const, number });
    const treated = performed.map((ms, n) =>
      SessionPerformed(occurredAt(at(ms)), {
        ...session(n + 1),
        at: at(ms),
        ...{ durationMinutes: SESSION_MINUTES, areas: ['face'], device: 'needle', depthMm: 2 },
        ...{
          products: [{ product: 'GlowMeso', lotNumber: 'L1', volumeMl: 2 }],
          reactions: [],
          overridden: [],
          overrideReasons: {},
        },
      }),
    );
    const ahead = booked.map((ms, n) =>
      SessionBooked(occurredNow(base), { ...session(performed.length + n + 1), at: at(ms) }),
    );
    const began = occurredAt(at(-20 * DAY_MS));
    const protocol = { code: PROCEDURE, version: 1 };
    const plannedSessions = Math.max(4, performed.length + booked.length);
    const planned = CoursePlanned(began, { ...of, ...place, consultationId, protocol, plannedSessions });
    const start = 'no-stream' as const;
    return [
      {
        ...{ stream: patientStream(patientId), expectedRevision: start, newPerson: patientId },
        events: [PatientRegistered(began, person(patientId, this.next))],
      },
      {
        ...{ stream: consultationStream(consultationId), expectedRevision: start },
        events: [
          ConsultationHeld(began, { consultationId, patientId, ...place, procedure: PROCEDURE, notes: {} }),
          ConsultationConcluded(began, {
            ...{ consultationId, patientId, practitionerId, reason: '' },
            conclusion: { outcome: 'cleared' },
          }),
          ConsentSigned(began, {
            ...{ consultationId, patientId, procedure: PROCEDURE, validUntil: null },
            signedOn: began.instant.slice(0, 10),
          }),
        ],
      },
      { stream: courseStream(courseId), expectedRevision: start, events: [planned, ...treated, ...ahead] },
    ];
  }
}

const SESSION_MINUTES = 45;

const person = (patientId: Id, n: number) => ({
  patientId,
  preference: { language: 'en', channel: 'email' as const, contactConsent: true },
  identity: {
    ...{ familyName: 'Şahin', givenName: 'İpek', birthDate: '1991-10-01', sex: 'female' as const },
    email: `patient-${n}@example.org`,
  },
  health: { allergies: [], conditions: [], medications: [] },
});
