import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import {
  ConsentSigned,
  ConsultationConcluded,
  ConsultationHeld,
  consultationStream,
  CourseEntered,
  CoursePlanned,
  courseStream,
  patientStream,
} from '#libs/treatment/src/history.contract.js';
import {
  columnOf,
  type CourseEnd,
  type FileFormat,
  refOf,
  timeOf,
  type UnderstoodLine,
  zoneOf,
} from '../file-format.js';
import { date, number, oneOf, wallTime } from '../line-checks.js';
import { PROTOCOL_CODES } from '../protocol-codes.js';

const STATUSES = ['active', 'completed', 'stopped'] as const;

export const coursesFile: FileFormat = {
  file: 'courses',
  columns: [
    { name: 'course_code', required: true },
    { name: 'patient_code', required: true, refersTo: 'patients' },
    { name: 'site_code', required: true, refersTo: 'sites' },
    { name: 'practitioner_code', required: true, refersTo: 'practitioners' },
    { name: 'protocol', required: true, check: oneOf(PROTOCOL_CODES) },
    { name: 'consulted_at', required: true, check: wallTime, wallTime: true },
    { name: 'consent_signed_on', check: date },
    {
      name: 'planned_sessions',
      required: true,
      check: number(CoursePlanned.schema.shape.plannedSessions, 'a whole number of sessions, at least 1'),
    },
    { name: 'status', required: true, check: oneOf(STATUSES) },
    { name: 'stop_reason' },
  ],
  identity: ['course_code'],
  identify: (line) => ({ kind: 'course', code: columnOf(line, 'course_code') }),
  infoOf: (line) => ({ patientId: refOf(line, 'patient_code').id }),
  record: (line, courseId) => {
    const courseEnd = courseEndOf(line, courseId);
    return {
      site: refOf(line, 'site_code').id,
      person: { id: refOf(line, 'patient_code').id, classes: ['clinical'] },
      streams: [
        {
          stream: consultationStream(derivedId(courseId, 'consultation')),
          expectedRevision: 'no-stream',
          events: consultation(line, courseId),
        },
        { stream: courseStream(courseId), expectedRevision: 'no-stream', events: [planned(line, courseId)] },
        // Several courses of a patient are imported at once: each is entered behind whatever stands there.
        {
          stream: patientStream(refOf(line, 'patient_code').id),
          expectedRevision: 'exists',
          events: [entered(line, courseId)],
        },
      ],
      ...(courseEnd && { courseEnd }),
    };
  },
};

/** A course that was planned was cleared before; the file says so by having it. */
function consultation(line: UnderstoodLine, courseId: Id): NewEvent[] {
  const consulted = occurredAt(timeOf(line, 'consulted_at'));
  const signedOn = columnOf(line, 'consent_signed_on');
  const procedure = columnOf(line, 'protocol');
  const practitionerId = refOf(line, 'practitioner_code').id;
  const ids = { consultationId: derivedId(courseId, 'consultation'), patientId: refOf(line, 'patient_code').id };
  const held = ConsultationHeld(consulted, {
    ...ids,
    siteId: refOf(line, 'site_code').id,
    practitionerId,
    procedure,
    notes: {},
  });
  const concluded = ConsultationConcluded(consulted, {
    ...ids,
    practitionerId,
    conclusion: { outcome: 'cleared' },
    reason: '',
  });
  if (signedOn === '') return [held, concluded];
  const signed = ConsentSigned(occurredAt(wallToInstant(`${signedOn}T00:00`, zoneOf(line)), 'day'), {
    ...ids,
    procedure,
    signedOn,
    validUntil: null,
  });
  return [held, concluded, signed];
}

const planned = (line: UnderstoodLine, courseId: Id) =>
  CoursePlanned(occurredAt(timeOf(line, 'consulted_at')), {
    courseId,
    patientId: refOf(line, 'patient_code').id,
    siteId: refOf(line, 'site_code').id,
    practitionerId: refOf(line, 'practitioner_code').id,
    consultationId: derivedId(courseId, 'consultation'),
    // The built-in protocols are version 1; an old course was planned with what later became it.
    protocol: { code: columnOf(line, 'protocol'), version: 1 },
    plannedSessions: Number(columnOf(line, 'planned_sessions')),
  });

/** So that the courses of a person are found from the patient. */
const entered = (line: UnderstoodLine, courseId: Id) =>
  CourseEntered(occurredAt(timeOf(line, 'consulted_at')), {
    patientId: refOf(line, 'patient_code').id,
    courseId,
  });

function courseEndOf(line: UnderstoodLine, courseId: Id): CourseEnd | undefined {
  const status = columnOf(line, 'status');
  if (status !== 'completed' && status !== 'stopped') return undefined;
  return {
    courseId,
    patientId: refOf(line, 'patient_code').id,
    siteId: refOf(line, 'site_code').id,
    status,
    reason: columnOf(line, 'stop_reason'),
    consultedAt: timeOf(line, 'consulted_at'),
  };
}
