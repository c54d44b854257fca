import { z } from 'zod';
import { taskOutcomeSchema } from './task.events.js';

const NOTE_CHARACTERS_MAX = 4_000;
const note = z.string().trim().min(1).max(NOTE_CHARACTERS_MAX);
/** Id or code; left out where whoever asks is meant. */
const practitioner = z.string().min(1).optional();

export const takeTaskSchema = z
  .strictObject({
    practitioner,
    /** Takes it from whoever has it. */
    over: z.boolean().optional(),
  })
  .meta({ id: 'TakeTask' });
export type TakeTaskData = z.infer<typeof takeTaskSchema>;

export const noteTaskSchema = z.strictObject({ practitioner, note }).meta({ id: 'NoteTask' });
export type NoteTaskData = z.infer<typeof noteTaskSchema>;

export const finishTaskSchema = z
  .strictObject({ practitioner, outcome: taskOutcomeSchema, note: note.optional() })
  .meta({ id: 'FinishTask' });
export type FinishTaskData = z.infer<typeof finishTaskSchema>;
