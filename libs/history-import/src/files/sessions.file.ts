import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import {
  courseStream,
  deviceSchema,
  reactionSchema,
  SessionBooked,
  SessionCancelled,
  sessionKindSchema,
  SessionMissed,
  SessionPerformed,
} from '#libs/treatment/src/history.contract.js';
import {
  columnOf,
  type FileFormat,
  patientOf,
  refOf,
  timeOf,
  type UnderstoodLine,
  type Values,
} from '../file-format.js';
import { allOf, listOf, number, numberOf, oneOf, wallTime } from '../line-checks.js';

const STATUSES = ['planned', 'performed', 'missed', 'cancelled'] as const;
const performed = SessionPerformed.schema.shape;
/** Nobody injects a hundred litres; a slip of the hand must not stand in the sums of a recall. */
const volumeMl = z.number().nonnegative().max(100_000);

const neededWhenPerformed = (values: Values) =>
  values.status === 'performed' ? 'Fill it in: the session was performed.' : undefined;
const neededWhenPlanned = (values: Values) =>
  values.status === 'planned' ? 'Fill it in: the session is planned.' : undefined;

export const sessionsFile: FileFormat = {
  file: 'sessions',
  columns: [
    { name: 'course_code', required: true, refersTo: 'courses' },
    {
      name: 'number',
      required: true,
      check: number(performed.number, 'a whole number, at least 1'),
      canonical: (value) => String(Number(value)),
    },
    { name: 'kind', required: true, check: oneOf(sessionKindSchema.options) },
    { name: 'site_code', required: true, refersTo: 'sites' },
    { name: 'practitioner_code', required: true, refersTo: 'practitioners' },
    { name: 'planned_at', required: neededWhenPlanned, check: wallTime, wallTime: true },
    { name: 'status', required: true, check: oneOf(STATUSES) },
    { name: 'performed_at', required: neededWhenPerformed, check: wallTime, wallTime: true },
    { name: 'duration_min', check: number(performed.durationMinutes, 'a whole number of minutes') },
    { name: 'areas' },
    { name: 'device', required: neededWhenPerformed, check: oneOf(deviceSchema.options) },
    { name: 'depth_mm', check: number(performed.depthMm, 'a depth in millimetres, such as 2.5') },
    { name: 'product', required: neededWhenPerformed },
    { name: 'lot_number', required: neededWhenPerformed },
    { name: 'volume_ml', check: number(volumeMl, 'a volume in millilitres, such as 2.5') },
    { name: 'pain_score', check: number(performed.painScore, 'a whole number from 0 to 10') },
    { name: 'reactions', check: allOf(reactionSchema.options) },
  ],
  identity: ['course_code', 'kind', 'number'],
  identify: (line) =>
    derivedId(refOf(line, 'course_code').id, `session ${columnOf(line, 'kind')} ${Number(columnOf(line, 'number'))}`),
  record: (line, sessionId, now) => {
    const courseId = refOf(line, 'course_code').id;
    const ofCourse = { courseId, patientId: patientOf(line), sessionId };
    const isPerformed = columnOf(line, 'status') === 'performed';
    const endsCourse = isPerformed && columnOf(line, 'kind') === 'course';
    const events = [...booked(line, ofCourse, now), ...outcome(line, ofCourse, now)];
    return {
      site: refOf(line, 'site_code').id,
      person: { id: ofCourse.patientId, classes: ['clinical', 'pictures'] },
      streams: [{ stream: courseStream(courseId), expectedRevision: 'exists', events }],
      ...(endsCourse && { performed: { courseId, at: timeOf(line, 'performed_at') } }),
    };
  },
};

interface OfCourse {
  readonly courseId: Id;
  readonly patientId: Id;
  readonly sessionId: Id;
}

const placeOf = (line: UnderstoodLine) => ({
  kind: sessionKindSchema.parse(columnOf(line, 'kind')),
  number: Number(columnOf(line, 'number')),
  siteId: refOf(line, 'site_code').id,
  practitionerId: refOf(line, 'practitioner_code').id,
});

function booked(line: UnderstoodLine, ofCourse: OfCourse, now: Instant): NewEvent[] {
  if (columnOf(line, 'planned_at') === '') return [];
  const at = timeOf(line, 'planned_at');
  return [SessionBooked(occurredNow(now, 'unknown'), { ...ofCourse, ...placeOf(line), at })];
}

function outcome(line: UnderstoodLine, ofCourse: OfCourse, now: Instant): NewEvent[] {
  const status = columnOf(line, 'status');
  if (status === 'planned') return [];
  if (status === 'performed') return [performedEvent(line, ofCourse)];
  const known = columnOf(line, 'planned_at') !== '';
  const when = known ? occurredAt(timeOf(line, 'planned_at')) : occurredNow(now, 'unknown');
  return [status === 'missed' ? SessionMissed(when, ofCourse) : SessionCancelled(when, { ...ofCourse, reason: '' })];
}

function performedEvent(line: UnderstoodLine, ofCourse: OfCourse): NewEvent {
  const at = timeOf(line, 'performed_at');
  const volumeMl = numberOf(columnOf(line, 'volume_ml'));
  const durationMinutes = numberOf(columnOf(line, 'duration_min'));
  const depthMm = numberOf(columnOf(line, 'depth_mm'));
  const painScore = numberOf(columnOf(line, 'pain_score'));
  return SessionPerformed(occurredAt(at), {
    ...ofCourse,
    ...placeOf(line),
    at,
    ...(durationMinutes !== undefined && { durationMinutes }),
    areas: listOf(columnOf(line, 'areas')),
    device: deviceSchema.parse(columnOf(line, 'device')),
    ...(depthMm !== undefined && { depthMm }),
    products: [
      {
        product: columnOf(line, 'product'),
        lotNumber: columnOf(line, 'lot_number'),
        ...(volumeMl !== undefined && { volumeMl }),
      },
    ],
    ...(painScore !== undefined && { painScore }),
    reactions: listOf(columnOf(line, 'reactions')).map((reaction) => reactionSchema.parse(reaction)),
    overridden: [],
    overrideReasons: {},
  });
}
