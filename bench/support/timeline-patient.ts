import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { wallToInstant, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
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
  SessionBooked,
  SessionPerformed,
  SessionPerformedCorrected,
} from '#libs/treatment/src/course/course.events.js';
import { PatientHealthRecorded, PatientRegistered, patientStream } from '#libs/treatment/src/patient/patient.events.js';

export interface StreamEvents {
  readonly stream: string;
  readonly events: readonly NewEvent[];
}

/** Eight courses of 35 events with their consultations, five corrections, and 15 events of the patient's own. */
export const EVENTS_OF_A_TIMELINE = 300;
const COURSES = 8;
const SESSIONS = 12;
const FOLLOW_UPS = 6;
const CORRECTIONS = 5;
const HEALTH_RECORDS = 14;

const [siteId, practitionerId] = [newId(), newId()];

const at = (day: number, clock = '10:00'): ZonedTime =>
  wallToInstant(`${new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, 10)}T${clock}`, 'Europe/Istanbul');

/**
 * Records a patient with all that a timeline can hold in years.
 * @param append gives the ids of all events of the stream
 * @returns the patient's id
 */
export async function timelinePatient(append: (events: StreamEvents) => Promise<Id[]>): Promise<Id> {
  const patientId = newId();
  const identity = { familyName: 'Şahin', givenName: 'İpek', birthDate: '1991-10-01', sex: 'female' as const };
  const preference = { language: 'tr', channel: 'email' as const, contactConsent: true };
  const health = { allergies: ['latex'], conditions: [], medications: [] };
  const registered = PatientRegistered(occurredAt(at(0)), { patientId, preference, identity, health });
  const answered = Array.from({ length: HEALTH_RECORDS }, (_, n) =>
    PatientHealthRecorded(occurredAt(at(20 + 200 * n)), { patientId, health }),
  );
  await append({ stream: patientStream(patientId), events: [registered, ...answered] });
  for (let n = 0; n < COURSES; n += 1) {
    const of = { courseId: newId(), patientId };
    const first = 300 * n;
    const consultationId = newId();
    await append({
      stream: consultationStream(consultationId),
      events: consultation(consultationId, patientId, first),
    });
    const events = course(of, consultationId, first);
    const ids = await append({ stream: courseStream(of.courseId), events });
    if (n >= CORRECTIONS) continue;
    const entry = events.findIndex(({ type }) => type === SessionPerformed.type);
    const { data } = events[entry] as { data: Parameters<typeof SessionPerformed>[1] };
    const time = at(first + 9, '11:30');
    const said = { ...data, at: time, corrects: ids[entry] as Id, correctionReason: 'Taken from another sheet.' };
    await append({ stream: courseStream(of.courseId), events: [SessionPerformedCorrected(occurredAt(time), said)] });
  }
  return patientId;
}

function consultation(consultationId: Id, patientId: Id, day: number): NewEvent[] {
  const of = { consultationId, patientId };
  const on = occurredAt(at(day));
  const notes = { goals: 'Fewer lines.', examination: 'Dry skin, fine lines around the eyes.' };
  return [
    ConsultationHeld(on, { ...of, siteId, practitionerId, procedure: 'facial', notes }),
    ConsultationConcluded(on, { ...of, practitionerId, conclusion: { outcome: 'cleared' }, reason: '' }),
    ConsentSigned(on, { ...of, procedure: 'facial', signedOn: at(day).wall.slice(0, 10), validUntil: null }),
  ];
}

function course(of: { courseId: Id; patientId: Id }, consultationId: Id, first: number): NewEvent[] {
  const place = { siteId, practitionerId };
  const protocol = { code: 'facial', version: 1 };
  const plan = { ...of, ...place, consultationId, protocol, plannedSessions: SESSIONS };
  const events: NewEvent[] = [CoursePlanned(occurredAt(at(first)), plan)];
  for (let number = 1; number <= SESSIONS; number += 1) {
    const day = first + 10 * number;
    const session = { ...of, ...place, sessionId: newId(), kind: 'course' as const, number, at: at(day) };
    events.push(
      SessionBooked(occurredAt(at(day - 7)), session),
      SessionPerformed(occurredAt(at(day)), {
        ...session,
        durationMinutes: 45,
        areas: ['cheeks', 'forehead'],
        device: 'needle',
        depthMm: 2,
        products: [{ product: 'GlowMeso HA', lotNumber: 'A24', volumeMl: 2.5 }],
        painScore: 3,
        reactions: ['redness'],
        overridden: [],
        overrideReasons: {},
        notes: 'Well tolerated, no bleeding, advised to keep out of the sun.',
      }),
    );
    if (number > FOLLOW_UPS) continue;
    const seen = {
      siteId,
      kind: 'remote' as const,
      at: at(day + 2),
      reactions: [],
      outcomeScore: 4,
      notes: 'Content.',
    };
    events.push(FollowUpHeld(occurredAt(at(day + 2)), { ...of, followUpId: newId(), ...seen }));
  }
  return [...events, CourseCompleted(occurredAt(at(first + 10 * SESSIONS)), of)];
}
