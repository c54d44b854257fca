import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { correctionOf } from '#libs/event-store/src/correction.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { adverseEventKindSchema, severitySchema } from '../course/course.events.js';

/** How likely the treatment caused it, in the terms of the WHO-UMC system for standardised case causality assessment. */
export const causalitySchema = z.enum(['certain', 'probable', 'possible', 'unlikely', 'conditional', 'unassessable']);
export type Causality = z.infer<typeof causalitySchema>;

/** What became of it, in the terms of the reports that authorities take (ICH E2B). */
export const adverseEventOutcomeSchema = z.enum([
  'recovered',
  'recovering',
  'not-recovered',
  'recovered-with-sequelae',
  'fatal',
  'unknown',
]);
export type AdverseEventOutcome = z.infer<typeof adverseEventOutcomeSchema>;

/**
 * Adverse events stand in the patient's stream, so that whoever decides about a session sees them by loading the patient.
 * One that a follow-up found is opened by the follow-up itself, in the stream of its course: its id is the follow-up's,
 * and what is done about it names course and follow-up.
 */
const ofAdverseEvent = {
  patientId: z.uuid(),
  adverseEventId: z.uuid(),
  /** Null: it belongs to no course. */
  courseId: z.uuid().nullable(),
  /** The follow-up that found it; equal to `adverseEventId` where the follow-up itself is its report. */
  followUpId: z.uuid().nullable(),
};

/** Occurred on the day of its onset. */
export const AdverseEventReported = eventType('AdverseEventReported', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofAdverseEvent,
    /** The session after which it came, where that is known. */
    sessionId: z.uuid().nullable(),
    siteId: z.uuid(),
    kind: adverseEventKindSchema,
    severity: severitySchema,
    /** Null: nobody has judged it yet. */
    causality: causalitySchema.nullable(),
    /** The practitioner who sees to it. */
    ownerId: z.uuid(),
    onsetOn: localDateSchema,
    /** The last day on which it is to be reported to the authority. */
    reportBy: localDateSchema,
    description: personal('clinical', z.string().min(1)),
  }),
});

export const AdverseEventAssessed = eventType('AdverseEventAssessed', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofAdverseEvent,
    practitionerId: z.uuid(),
    causality: causalitySchema,
    severity: severitySchema,
    /** Who sees to it from now on. */
    ownerId: z.uuid(),
    reportBy: localDateSchema,
    /** What was done about it, in words. */
    actions: personal('clinical', z.array(z.string().min(1))),
  }),
});

export const AdverseEventReportedToAuthority = eventType('AdverseEventReportedToAuthority', {
  schema: z.strictObject({
    ...ofAdverseEvent,
    on: localDateSchema,
    /** Under which the authority keeps it. */
    reference: z.string().min(1),
  }),
});

/** Sessions are possible again. Only a physician closes it. */
export const AdverseEventClosed = eventType('AdverseEventClosed', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofAdverseEvent,
    physicianId: z.uuid(),
    outcome: adverseEventOutcomeSchema,
    note: personal('clinical', z.string()),
  }),
});

export const AdverseEventReopened = eventType('AdverseEventReopened', {
  subject: 'patientId',
  schema: z.strictObject({
    ...ofAdverseEvent,
    practitionerId: z.uuid(),
    reason: personal('clinical', z.string().min(1)),
  }),
});

const ADVERSE_EVENT_BASE = [
  AdverseEventReported,
  AdverseEventAssessed,
  AdverseEventReportedToAuthority,
  AdverseEventClosed,
  AdverseEventReopened,
] as const;
/** What the fold sees: corrections and retractions were applied before. */
export type AdverseEventEvent = EventOf<(typeof ADVERSE_EVENT_BASE)[number]>;

export const AdverseEventReportedCorrected = correctionOf(AdverseEventReported);
export const AdverseEventAssessedCorrected = correctionOf(AdverseEventAssessed);
export const AdverseEventReportedToAuthorityCorrected = correctionOf(AdverseEventReportedToAuthority, {
  subject: 'patientId',
});
export const AdverseEventClosedCorrected = correctionOf(AdverseEventClosed);

/** Every type of event of this slice, corrections included; they are registered with the patient's. */
export const ADVERSE_EVENT_EVENTS = [
  ...ADVERSE_EVENT_BASE,
  AdverseEventReportedCorrected,
  AdverseEventAssessedCorrected,
  AdverseEventReportedToAuthorityCorrected,
  AdverseEventClosedCorrected,
] as const;
