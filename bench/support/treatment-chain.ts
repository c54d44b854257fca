import type { ExpectedRevision, StreamName } from '#libs/event-store/src/event-store.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { type Occurred, occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { wallToInstant, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import {
  ConsentSigned,
  ConsultationConcluded,
  ConsultationHeld,
  consultationStream,
} from '#libs/treatment/src/consultation/consultation.events.js';
import {
  CourseCompleted,
  CoursePlanned,
  courseStream,
  FollowUpHeld,
  MaintenanceProposed,
  SessionBooked,
  type SessionKind,
  SessionMissed,
  SessionPerformed,
  SessionRescheduled,
} from '#libs/treatment/src/course/course.events.js';
import { LotReceived, lotStream } from '#libs/treatment/src/lot/lot.events.js';
import { PatientHealthRecorded, PatientRegistered, patientStream } from '#libs/treatment/src/patient/patient.events.js';
import {
  CredentialGranted,
  PractitionerRegistered,
  practitionerStream,
} from '#libs/treatment/src/practitioner/practitioner.events.js';
import { ProtocolPublished, protocolStream } from '#libs/treatment/src/protocol/protocol.events.js';
import { QUIET_HOURS_DEFAULT, SiteRegistered, siteStream } from '#libs/treatment/src/site/site.events.js';

/** What one command appends: the events of a visit. */
export interface Visit {
  readonly stream: StreamName;
  readonly expectedRevision: ExpectedRevision;
  readonly events: readonly NewEvent[];
  /** Somebody whose first event this is: keys are made before it. */
  readonly newPerson?: Id;
}

export interface TreatmentChainOptions {
  readonly seed: number;
  /** Patients are registered and say how their health is, so that whoever judges their sessions opens boxes. */
  readonly health: boolean;
}

/** Courses that begin on a day; with some three months each this keeps 2,000 under way. */
const COURSES_A_DAY = 20;
const SITES = 10;
const PRACTITIONERS = 30;
const PRODUCTS = ['GlowMeso HA', 'HairVita', 'LipoSol'];
const LOTS = ['A24', 'B24', 'C24', 'D24'];
const ZONES = ['Europe/Istanbul', 'Europe/London', 'America/New_York'];
const FIRST_DAY = Date.UTC(2024, 0, 1);
const RECORDED = occurredNow('2024-01-01T00:00:00.000Z', 'unknown');

/** What happens next in a course, after so many days. */
interface Step {
  readonly afterDays: number;
  readonly visits: (day: number) => Visit[];
}

/**
 * A chain of clinics as its log grows: courses of some thirty events in ten to twelve sessions a week or two apart, two
 * events to a visit (what was done, and the next appointment), each course's events between those of all the others
 * that are under way. The same seed gives the same chain, ids apart.
 */
export class TreatmentChain {
  private readonly sites = Array.from({ length: SITES }, newId);
  private readonly practitioners = Array.from({ length: PRACTITIONERS }, newId);
  private readonly patients: { readonly id: Id; revision: number }[] = [];
  private state: number;

  constructor(private readonly options: TreatmentChainOptions) {
    this.state = options.seed;
  }

  /** Sites, protocols, practitioners and lots, and then day after day without an end. */
  *visits(chainId: Id): Generator<Visit> {
    yield* this.references(chainId);
    const due = new Map<number, Iterator<Step>[]>();
    const pending = new Map<Iterator<Step>, Step>();
    const schedule = (life: Iterator<Step>, day: number) => {
      const next = life.next();
      if (next.done) return;
      const on = day + next.value.afterDays;
      pending.set(life, next.value);
      due.set(on, [...(due.get(on) ?? []), life]);
    };
    for (let day = 0; ; day += 1) {
      for (let n = 0; n < COURSES_A_DAY; n += 1) schedule(this.course(), day);
      const today = due.get(day) ?? [];
      due.delete(day);
      for (const life of today) {
        yield* (pending.get(life) as Step).visits(day);
        pending.delete(life);
        schedule(life, day);
      }
    }
  }

  private *references(chainId: Id): Generator<Visit> {
    const alone = (stream: StreamName, ...events: NewEvent[]): Visit => ({
      stream,
      expectedRevision: 'any',
      events,
    });
    for (const protocol of BUILT_IN_PROTOCOLS) {
      yield alone(protocolStream(chainId, protocol.code), ProtocolPublished(RECORDED, { protocol }));
    }
    for (const [n, siteId] of this.sites.entries()) {
      const data = { siteId, name: `Site ${n}`, timeZone: this.zoneOf(siteId), language: 'en' };
      yield alone(siteStream(siteId), SiteRegistered(RECORDED, { ...data, quietHours: QUIET_HOURS_DEFAULT }));
      for (const product of PRODUCTS) {
        for (const lotNumber of LOTS) {
          const lotId = newId();
          const dates = { receivedOn: '2023-12-01', expiresOn: '2026-12-31' };
          const ingredients = ['hyaluronic acid', 'vitamin C'];
          yield alone(
            lotStream(lotId),
            LotReceived(RECORDED, { lotId, siteId, product, lotNumber, ...dates, ingredients }),
          );
        }
      }
    }
    const procedures = BUILT_IN_PROTOCOLS.map(({ code }) => code);
    for (const practitionerId of this.practitioners) {
      const credential = { practitionerId, procedures, validFrom: '2020-01-01', validTo: null };
      yield {
        ...alone(
          practitionerStream(practitionerId),
          PractitionerRegistered(RECORDED, { practitionerId, role: 'physician', name: 'Zoë García' }),
          CredentialGranted(RECORDED, credential),
        ),
        newPerson: practitionerId,
      };
    }
  }

  /** The steps of one course, from the consultation to the second maintenance session. */
  private *course(): Generator<Step> {
    const place = { siteId: this.one(this.sites), practitionerId: this.one(this.practitioners) };
    const of = { courseId: newId(), patientId: '' };
    const protocol = { code: this.one(BUILT_IN_PROTOCOLS).code, version: 1 };
    const plannedSessions = this.between(10, 12);
    const counts: Record<SessionKind, number> = { course: 0, maintenance: 0 };
    let revision = -1;
    let booked: Id | undefined;

    const append = (...events: NewEvent[]): Visit => {
      const expectedRevision = revision === -1 ? 'no-stream' : revision;
      revision += events.length;
      return { stream: courseStream(of.courseId), expectedRevision, events };
    };
    const at = (day: number) => this.time(day, place.siteId);
    const book = (day: number, kind: SessionKind): NewEvent => {
      const time = at(day);
      booked = newId();
      counts[kind] += 1;
      const session = { ...of, ...place, sessionId: booked, kind, number: counts[kind], at: time };
      return SessionBooked(occurredNow(time.instant), session);
    };
    const perform = (day: number, kind: SessionKind): NewEvent => {
      const time = at(day);
      return SessionPerformed(occurredAt(time), {
        ...of,
        ...place,
        sessionId: booked as Id,
        kind,
        number: counts[kind],
        at: time,
        durationMinutes: 45,
        areas: ['cheeks', 'forehead'],
        device: 'needle',
        depthMm: 2,
        products: [{ product: this.one(PRODUCTS), lotNumber: this.one(LOTS), volumeMl: 2.5 }],
        painScore: this.between(0, 6),
        reactions: ['redness'],
        overridden: [],
        overrideReasons: {},
        notes: 'Well tolerated, no bleeding, advised to keep out of the sun.',
      });
    };

    yield {
      afterDays: 0,
      visits: (day) => {
        const patient = this.patient();
        of.patientId = patient.id;
        const when = occurredAt(at(day));
        const planned = { ...of, ...place, consultationId: newId(), protocol, plannedSessions };
        return [
          ...this.registration(patient, when),
          this.consultation(planned, when, patient.isNew && !this.options.health),
          append(CoursePlanned(when, planned), book(day + 7, 'course')),
        ];
      },
    };
    for (let session = 1; session <= plannedSessions; session += 1) {
      if (this.chance(0.12)) {
        yield {
          afterDays: 2,
          visits: (day) => {
            const time = at(day + 6);
            const moved = { ...of, ...place, sessionId: booked as Id, at: time };
            return [append(SessionRescheduled(occurredNow(time.instant), moved))];
          },
        };
      }
      if (this.chance(0.05)) {
        yield {
          afterDays: this.between(5, 8),
          visits: (day) => [
            append(SessionMissed(occurredAt(at(day)), { ...of, sessionId: booked as Id }), book(day + 7, 'course')),
          ],
        };
      }
      yield {
        afterDays: this.between(6, 12),
        visits: (day) => [
          ...(this.options.health && this.chance(0.03) ? this.healthAgain(of.patientId, day) : []),
          session < plannedSessions
            ? append(perform(day, 'course'), book(day + 9, 'course'))
            : append(perform(day, 'course'), CourseCompleted(occurredAt(at(day)), of)),
        ],
      };
      if (this.chance(0.2)) yield { afterDays: 2, visits: (day) => [append(this.followUp(of, place.siteId, day))] };
    }
    for (let ordinal = 1; ordinal <= 2; ordinal += 1) {
      yield {
        afterDays: this.between(30, 60),
        visits: (day) => {
          const [opens, closes] = [dateOf(day + 5), dateOf(day + 35)];
          const proposed = MaintenanceProposed(occurredAt(at(day)), { ...of, ordinal, opens, closes });
          return [append(proposed, book(day + 14, 'maintenance'))];
        },
      };
      yield { afterDays: 14, visits: (day) => [append(perform(day, 'maintenance'))] };
    }
  }

  private patient(): { id: Id; revision: number; isNew: boolean } {
    const known = this.chance(0.3) ? this.patients.at(-this.between(1, 500)) : undefined;
    if (known) return { ...known, isNew: false };
    const patient = { id: newId(), revision: -1 };
    this.patients.push(patient);
    // Those of long ago do not come back in this chain, which may go on without an end.
    if (this.patients.length > 5_000) this.patients.splice(0, 2_500);
    return { ...patient, isNew: true };
  }

  private registration(patient: { id: Id; isNew: boolean }, when: Occurred): Visit[] {
    if (!patient.isNew || !this.options.health) return [];
    const identity = { familyName: 'Şahin', givenName: 'İpek', birthDate: '1991-10-01', sex: 'female' as const };
    const preference = { language: 'tr', channel: 'email' as const, contactConsent: true };
    const data = { patientId: patient.id, preference, identity, health: this.health() };
    const stream = patientStream(patient.id);
    return [{ stream, expectedRevision: 'no-stream', events: [PatientRegistered(when, data)], newPerson: patient.id }];
  }

  private healthAgain(patientId: Id, day: number): Visit[] {
    const when = occurredNow(this.time(day, this.sites[0] as Id).instant);
    const events = [PatientHealthRecorded(when, { patientId, health: this.health() })];
    return [{ stream: patientStream(patientId), expectedRevision: 'exists', events }];
  }

  private health() {
    return {
      allergies: this.chance(0.2) ? ['latex'] : [],
      conditions: this.chance(0.2) ? ['eczema'] : [],
      medications: this.chance(0.2) ? ['levothyroxine'] : [],
    };
  }

  private consultation(
    { consultationId, patientId, siteId, practitionerId, protocol }: Consulted,
    when: Occurred,
    isFirst: boolean,
  ): Visit {
    const of = { consultationId, patientId };
    const held = { ...of, siteId, practitionerId, procedure: protocol.code, notes: { goals: 'Fewer lines.' } };
    const concluded = { ...of, practitionerId, conclusion: { outcome: 'cleared' as const }, reason: '' };
    const signed = { ...of, procedure: protocol.code, signedOn: when.instant.slice(0, 10), validUntil: null };
    const events = [ConsultationHeld(when, held), ConsultationConcluded(when, concluded), ConsentSigned(when, signed)];
    return {
      stream: consultationStream(consultationId),
      expectedRevision: 'no-stream',
      events,
      ...(isFirst ? { newPerson: patientId } : {}),
    };
  }

  private followUp(of: { courseId: Id; patientId: Id }, siteId: Id, day: number): NewEvent {
    const at = this.time(day, siteId);
    const seen = { siteId, kind: 'remote' as const, at, reactions: ['redness' as const], outcomeScore: 4 };
    return FollowUpHeld(occurredAt(at), { ...of, followUpId: newId(), ...seen, notes: 'Content.' });
  }

  private zoneOf(siteId: Id): string {
    return ZONES[this.sites.indexOf(siteId) % ZONES.length] as string;
  }

  private time(day: number, siteId: Id): ZonedTime {
    const clock = `${String(this.between(9, 18)).padStart(2, '0')}:${this.one(['00', '20', '40'])}`;
    return wallToInstant(`${dateOf(day)}T${clock}`, this.zoneOf(siteId));
  }

  /** mulberry32: small, and the same everywhere. */
  private random(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  private between(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }

  private one<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }
}

interface Consulted {
  readonly consultationId: Id;
  readonly patientId: Id;
  readonly siteId: Id;
  readonly practitionerId: Id;
  readonly protocol: { readonly code: string };
}

const dateOf = (day: number): string => new Date(FIRST_DAY + day * 86_400_000).toISOString().slice(0, 10);
