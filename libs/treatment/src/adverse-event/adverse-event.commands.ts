import { localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { referenceSchema } from '../course/course.commands.js';
import { adverseEventKindSchema, severitySchema } from '../course/course.events.js';
import { adverseEventOutcomeSchema, causalitySchema } from './adverse-event.events.js';

const textSchema = z.string().trim().min(1).max(20_000);
const reasonSchema = z.string().trim().min(1).max(2000);
const actionsSchema = z.array(z.string().trim().min(1).max(2000)).max(50);
const authorityShape = {
  /** The day on which the authority was told, not after today. */
  on: localDateSchema,
  /**
   * Under which the authority keeps the report: letters, digits and the signs that numbers of files have. It stands open in
   * the log for ever, so there is no room in it for a name or a sentence.
   */
  reference: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9][A-Za-z0-9./#:_-]{0,60}$/, 'A number of a file, without blanks.'),
};

export const reportAdverseEventSchema = z
  .strictObject({
    site: referenceSchema,
    course: referenceSchema.optional(),
    /** The session after which it came; needs the course. */
    session: z.uuid().optional(),
    kind: adverseEventKindSchema,
    severity: severitySchema,
    /** WHO-UMC; left out where nobody has judged it yet. */
    causality: causalitySchema.optional(),
    /** The practitioner who sees to it. */
    owner: referenceSchema,
    onsetOn: localDateSchema,
    /** The last day for the report to the authority; by severity, counted from today, when left out. */
    reportBy: localDateSchema.optional(),
    description: textSchema,
  })
  .meta({ id: 'ReportAdverseEvent' });

/** Where a follow-up found the adverse event: its course, as long as nothing was done about it before. */
const courseShape = { course: referenceSchema.optional() };

export const assessAdverseEventSchema = z
  .strictObject({
    ...courseShape,
    practitioner: referenceSchema,
    causality: causalitySchema,
    severity: severitySchema,
    /** What was done about it. */
    actions: actionsSchema.default([]),
    /** Who sees to it from now on; the same as before when left out. */
    owner: referenceSchema.optional(),
    /** A new last day for the report; when left out the old one stands, unless the severity now asks for an earlier one. */
    reportBy: localDateSchema.optional(),
  })
  .meta({ id: 'AssessAdverseEvent' });

export const reportToAuthoritySchema = z
  .strictObject({ ...courseShape, ...authorityShape })
  .meta({ id: 'ReportAdverseEventToAuthority' });

export const closeAdverseEventSchema = z
  .strictObject({
    ...courseShape,
    physician: referenceSchema,
    outcome: adverseEventOutcomeSchema,
    note: z.string().trim().max(20_000).default(''),
    /**
     * Wall time at its site at which the physician closed it, for one that is entered late; now when left out. Sessions are
     * judged by whether it was open when they took place.
     */
    at: wallTimeSchema.optional(),
  })
  .meta({ id: 'CloseAdverseEvent' });

export const reopenAdverseEventSchema = z
  .strictObject({ ...courseShape, practitioner: referenceSchema, reason: reasonSchema })
  .meta({ id: 'ReopenAdverseEvent' });

/** The whole of an entry about an adverse event, said anew; `type` is that of the entry. */
export const ADVERSE_EVENT_CORRECTIONS = [
  z.strictObject({
    type: z.literal('AdverseEventReported'),
    site: referenceSchema,
    session: z.uuid().nullable(),
    kind: adverseEventKindSchema,
    severity: severitySchema,
    causality: causalitySchema.nullable(),
    owner: referenceSchema,
    onsetOn: localDateSchema,
    reportBy: localDateSchema,
    description: textSchema,
  }),
  z.strictObject({
    type: z.literal('AdverseEventAssessed'),
    practitioner: referenceSchema,
    causality: causalitySchema,
    severity: severitySchema,
    owner: referenceSchema,
    reportBy: localDateSchema,
    actions: actionsSchema,
  }),
  z.strictObject({ type: z.literal('AdverseEventReportedToAuthority'), ...authorityShape }),
  z.strictObject({
    type: z.literal('AdverseEventClosed'),
    physician: referenceSchema,
    outcome: adverseEventOutcomeSchema,
    note: z.string().trim().max(20_000),
  }),
] as const;
