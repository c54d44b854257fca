import { z } from 'zod';
import { STREAM_NAME } from '#libs/event-store/src/stream-name.js';
import type { EventFilter } from '#libs/event-store/src/subscription.js';
import { queryInteger } from '#libs/http/src/validation.js';
import { EVENT_TYPES } from './event-types.js';
import { nearNames } from './near-names.js';

/** More than there are categories or types. */
const NAMES_MAX = 100;
/** The largest number that an address may hold; logs end long before it. */
const POSITION_MAX = 999_999_999_999_999;

/** Several values: the parameter given again, or separated by commas. */
const severalOf = (each: z.ZodType<string, string>, description: string) =>
  z
    .union([z.string(), z.array(z.string()).max(NAMES_MAX)])
    .transform((given) => [given].flat().flatMap((text) => text.split(',')))
    .pipe(z.array(each).min(1).max(NAMES_MAX))
    .meta({ openapi: { type: 'array', items: { type: 'string' }, description } });

const typeSchema = z.string().superRefine((name, context) => {
  if (!EVENT_TYPES.has(name)) context.addIssue({ code: 'custom', message: unknownType(name) });
});

function unknownType(name: string): string {
  const near = nearNames(name, EVENT_TYPES.keys());
  return near.length > 0
    ? `No type of event has this name. Near it: ${near.join(', ')}.`
    : `No type of event has this name. There are: ${[...EVENT_TYPES.keys()].sort().join(', ')}.`;
}

/** Query parameters that say which events are wanted; an event must pass all that are given. */
export const eventFilterShape = {
  category: severalOf(
    z.string().regex(/^[a-z][a-z0-9]*$/, 'A category is what stands before the hyphen of a stream, such as course'),
    'What stands before the first hyphen of the stream: `course`. Several: repeated, or separated by commas.',
  ).optional(),
  type: severalOf(typeSchema, 'Such as `SessionPerformed`. Several: repeated, or separated by commas.').optional(),
  stream: z
    .string()
    .regex(STREAM_NAME, 'A stream is named category-id, for example course-0199a000-0000-7000-8000-000000000001')
    .optional()
    .describe('All of one stream: `course-0199…`.'),
};

export const fromParam = queryInteger(1, POSITION_MAX);

/** What the parameters above were made into. */
export interface EventFilterParams {
  readonly category?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly stream?: string | undefined;
}

export const eventFilterOf = ({ category, type, stream }: EventFilterParams): EventFilter => ({
  ...(category && { categories: category }),
  ...(type && { types: type }),
  ...(stream !== undefined && { stream }),
});
