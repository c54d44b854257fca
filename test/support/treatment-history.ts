import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '../../libs/kernel/src/occurred.js';
import { wallToInstant, type ZonedTime } from '../../libs/kernel/src/zoned-time.js';
import { BUILT_IN_PROTOCOLS } from '../../libs/protocols/src/built-in-protocols.js';
import {
  ConsentSigned,
  ConsultationConcluded,
  ConsultationHeld,
  consultationStream,
} from '../../libs/treatment/src/consultation/consultation.events.js';
import {
  type AcceptedDeviation,
  CourseCompleted,
  CoursePlanned,
  CourseStopped,
  courseStream,
  SessionBooked,
  SessionPerformed,
  type SessionKind,
} from '../../libs/treatment/src/course/course.events.js';
import { LotReceived, lotStream } from '../../libs/treatment/src/lot/lot.events.js';
import { type Health, PatientRegistered, patientStream } from '../../libs/treatment/src/patient/patient.events.js';
import {
  CredentialGranted,
  PractitionerRegistered,
  practitionerStream,
} from '../../libs/treatment/src/practitioner/practitioner.events.js';
import { ProtocolPublished, protocolStream } from '../../libs/treatment/src/protocol/protocol.events.js';
import { QUIET_HOURS_DEFAULT, SiteRegistered, siteStream } from '../../libs/treatment/src/site/site.events.js';
import type { StreamOfEvents } from './test-engine.js';

/** When everything without a time of its own was recorded. */
const RECORDED = occurredNow('2026-01-01T00:00:00.000Z', 'unknown');

export const zoned = (wall: string, zone = 'Europe/Istanbul'): ZonedTime => wallToInstant(wall, zone);

export function site(id = newId(), timeZone = 'Europe/Istanbul', name = 'Nişantaşı'): StreamOfEvents {
  const data = { siteId: id, name, timeZone, language: 'tr', quietHours: QUIET_HOURS_DEFAULT };
  return { stream: siteStream(id), events: [SiteRegistered(RECORDED, data)] };
}

export function protocols(chainId: string): StreamOfEvents[] {
  return BUILT_IN_PROTOCOLS.map((protocol) => ({
    stream: protocolStream(chainId, protocol.code),
    events: [ProtocolPublished(RECORDED, { protocol })],
  }));
}

export interface PractitionerOptions {
  readonly id?: string;
  readonly name?: string;
  readonly procedures?: readonly string[];
  readonly validFrom?: string;
  readonly validTo?: string | null;
}

export function practitioner(options: PractitionerOptions = {}): StreamOfEvents {
  const {
    id = newId(),
    name = 'Zoë García',
    procedures = ['facial'],
    validFrom = '2020-01-01',
    validTo = null,
  } = options;
  return {
    stream: practitionerStream(id),
    events: [
      PractitionerRegistered(RECORDED, { practitionerId: id, role: 'physician', name }),
      ...(procedures.length > 0
        ? [CredentialGranted(RECORDED, { practitionerId: id, procedures: [...procedures], validFrom, validTo })]
        : []),
    ],
  };
}

export const HEALTHY: Health = { allergies: [], conditions: [], medications: [] };

export function patient(id = newId(), health: Partial<Health> = {}, familyName = 'Şahin'): StreamOfEvents {
  const identity = { familyName, givenName: 'İpek', birthDate: '1991-10-01', sex: 'female' as const };
  const preference = { language: 'tr', channel: 'email' as const, contactConsent: true };
  const data = { patientId: id, preference, identity, health: { ...HEALTHY, ...health } };
  return { stream: patientStream(id), events: [PatientRegistered(RECORDED, data)] };
}

export interface LotOptions {
  readonly product?: string;
  readonly lotNumber?: string;
  readonly expiresOn?: string;
  readonly receivedOn?: string;
  readonly ingredients?: readonly string[];
}

export function lot(siteId: string, options: LotOptions = {}): StreamOfEvents {
  const id = newId();
  const { product = 'GlowMeso', lotNumber = 'L1', expiresOn = '2030-01-01', receivedOn = '2020-01-01' } = options;
  const ingredients = [...(options.ingredients ?? ['hyaluronic acid'])];
  const data = { lotId: id, siteId, product, lotNumber, expiresOn, receivedOn, ingredients };
  return { stream: lotStream(id), events: [LotReceived(RECORDED, data)] };
}

export interface SessionOptions {
  /** Deviations that whoever performed it accepted. */
  readonly overridden?: readonly AcceptedDeviation[];
  readonly id?: string;
  readonly kind?: SessionKind;
  readonly number?: number;
  readonly site?: string;
  readonly zone?: string;
  readonly practitioner?: string;
  readonly minutes?: number;
  readonly depthMm?: number;
  readonly product?: string;
  readonly lotNumber?: string;
}

export interface CourseOptions {
  readonly id?: string;
  readonly protocol?: string;
  readonly plannedSessions?: number;
  /** Wall time at which it was consulted and planned. */
  readonly plannedAt?: string;
  /** Null: no consent. */
  readonly consentOn?: string | null;
  readonly end?: 'completed' | 'stopped';
  readonly origin?: 'live' | 'import';
}

/** A course as its events: a chain call each for what happened in it. */
export class CourseHistory {
  readonly id: string;
  readonly consultationId = newId();
  readonly events: NewEvent[] = [];
  private readonly protocol: string;

  constructor(
    readonly of: { readonly site: string; readonly patient: string; readonly practitioner: string },
    private readonly options: CourseOptions = {},
  ) {
    this.id = options.id ?? newId();
    this.protocol = options.protocol ?? 'facial';
    this.events.push(
      CoursePlanned(occurredAt(this.plannedAt), {
        ...this.named,
        siteId: of.site,
        practitionerId: of.practitioner,
        consultationId: this.consultationId,
        protocol: { code: this.protocol, version: 1 },
        plannedSessions: options.plannedSessions ?? 4,
      }),
    );
  }

  private get named() {
    return { courseId: this.id, patientId: this.of.patient };
  }

  private get plannedAt(): ZonedTime {
    return zoned(this.options.plannedAt ?? '2024-01-01T10:00');
  }

  booked(wall: string, options: SessionOptions = {}): this {
    const at = zoned(wall, options.zone);
    this.events.push(SessionBooked(occurredNow(at.instant), { ...this.named, ...this.placed(options), at }));
    return this;
  }

  performed(wall: string, options: SessionOptions = {}): this {
    const at = zoned(wall, options.zone);
    this.events.push(
      SessionPerformed(occurredAt(at), {
        ...this.named,
        ...this.placed(options),
        at,
        durationMinutes: options.minutes ?? 45,
        areas: ['face'],
        device: 'needle',
        depthMm: options.depthMm ?? 2,
        products: [{ product: options.product ?? 'GlowMeso', lotNumber: options.lotNumber ?? 'L1' }],
        reactions: [],
        overridden: [...(options.overridden ?? [])],
        overrideReasons: {},
      }),
    );
    return this;
  }

  push(...events: NewEvent[]): this {
    this.events.push(...events);
    return this;
  }

  /** The consultation with its consent, and the course. */
  streams(): StreamOfEvents[] {
    const { origin = 'live' } = this.options;
    return [
      { stream: consultationStream(this.consultationId), events: this.consultation(), origin },
      { stream: courseStream(this.id), events: [...this.events, ...this.end()], origin },
    ];
  }

  private consultation(): NewEvent[] {
    const { consentOn = '2024-01-01' } = this.options;
    const of = { consultationId: this.consultationId, patientId: this.of.patient };
    const held = {
      ...of,
      siteId: this.of.site,
      practitionerId: this.of.practitioner,
      procedure: this.protocol,
      notes: {},
    };
    const concluded = {
      ...of,
      practitionerId: this.of.practitioner,
      conclusion: { outcome: 'cleared' as const },
      reason: '',
    };
    const at = occurredAt(this.plannedAt);
    const signed = { ...of, procedure: this.protocol, signedOn: consentOn ?? '', validUntil: null };
    const signedAt = occurredAt(zoned(`${consentOn ?? '2024-01-01'}T00:00`), 'day');
    return [
      ConsultationHeld(at, held),
      ConsultationConcluded(at, concluded),
      ...(consentOn === null ? [] : [ConsentSigned(signedAt, signed)]),
    ];
  }

  private end(): NewEvent[] {
    const at = this.events.at(-1)?.occurredAt ?? RECORDED;
    if (this.options.end === 'completed') return [CourseCompleted(at, this.named)];
    if (this.options.end === 'stopped') return [CourseStopped(at, { ...this.named, reason: 'moved away' })];
    return [];
  }

  private placed({ id = newId(), kind = 'course', ...options }: SessionOptions) {
    return {
      sessionId: id,
      kind,
      number: options.number ?? this.next(kind),
      siteId: options.site ?? this.of.site,
      practitionerId: options.practitioner ?? this.of.practitioner,
    };
  }

  private next(kind: SessionKind): number {
    return this.events.filter(({ data }) => (data as { kind?: string }).kind === kind).length + 1;
  }
}
