import { listQueryOf, pageSchemaOf, queryList } from '#libs/http/src/validation.js';
import { instantSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { personSchema, siteRefSchema } from '#libs/treatment/src/shared.contract.js';
import { z } from 'zod';
import { TASK_KINDS, taskOutcomeSchema, taskSeveritySchema, withdrawalReasonSchema } from '../task/task.events.js';

export const TASK_STATES = ['open', 'taken', 'done', 'withdrawn'] as const;

/** Who it was: as the request said, and the practitioner, where one was named. */
const whoSchema = z
  .strictObject({ actor: z.string(), practitioner: personSchema.nullable() })
  .meta({ id: 'TaskActor' });

/** Something that a person has to see to, or had. */
export const taskViewSchema = z
  .strictObject({
    id: z.uuid(),
    kind: z.enum(TASK_KINDS),
    severity: taskSeveritySchema,
    state: z.enum(TASK_STATES),
    site: siteRefSchema,
    /** Null where it is about no single patient, or course. */
    patient: personSchema.nullable(),
    course: z.strictObject({ id: z.uuid(), code: z.string().nullable() }).nullable(),
    /** What it came from, whichever it was. */
    messageId: z.uuid().nullable(),
    sessionId: z.uuid().nullable(),
    recallId: z.uuid().nullable(),
    slotId: z.uuid().nullable(),
    /** Of the maintenance window that could not be booked. */
    ordinal: z.int().nullable(),
    dueBy: instantSchema,
    /** The same as a clock at the site shows it. */
    dueWall: z.strictObject({ wall: wallTimeSchema, zone: z.string() }),
    raisedAt: instantSchema,
    /** Whether it is open or taken, and `dueBy` is over by the chain's clock. */
    overdue: z.boolean(),
    /** Who has it, or did it; null while nobody has. */
    by: whoSchema.nullable(),
    settledAt: instantSchema.nullable(),
    /** What was found, once it is done. */
    outcome: taskOutcomeSchema.nullable(),
    /** Why it was withdrawn. */
    withdrawnFor: withdrawalReasonSchema.nullable(),
  })
  .meta({ id: 'Task' });
export type TaskView = z.infer<typeof taskViewSchema>;

/** A task with the words that belong to it, opened for whoever reads it. */
export const taskDetailSchema = z
  .strictObject({
    ...taskViewSchema.shape,
    notes: z.array(
      z.strictObject({
        at: instantSchema,
        by: whoSchema,
        /** Null where it was erased. */
        note: z.string().nullable(),
      }),
    ),
    /** What the patient answered to the message that it is about, in order. */
    replies: z.array(
      z.strictObject({
        at: instantSchema,
        via: z.enum(['sms', 'link']),
        meaning: z.string(),
        /** Null for a link, and where it was erased. */
        text: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'TaskDetail' });
export type TaskDetail = z.infer<typeof taskDetailSchema>;

export const taskListSchema = pageSchemaOf(taskViewSchema).meta({ id: 'TaskList' });

/** `site` and `patient` take an id or a code. */
export const taskListParamsSchema = listQueryOf({
  site: z.string().min(1).optional(),
  patient: z.string().min(1).optional(),
  state: queryList(TASK_STATES).optional(),
  kind: z.enum(TASK_KINDS).optional(),
});
export type TaskListParams = z.output<typeof taskListParamsSchema>;
