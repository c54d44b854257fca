import { codeSchema } from '#libs/protocols/src/rule.schema.js';
import { z } from 'zod';
import { draftContentSchema } from './protocol.events.js';

/** A protocol nests seven levels deep; what nests deeper than this was not meant to become one. */
const DEPTH_MAX = 16;

/** Whether the log gives back what it was given: JSON has no infinity, which a number such as 1e999 becomes. */
const isStorable = (value: unknown, depth = 0): boolean => {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return depth < DEPTH_MAX && Object.values(value).every((each) => isStorable(each, depth + 1));
};

/** Any JSON object; it need not be a protocol yet. */
const contentSchema = draftContentSchema.refine(
  (draft) => isStorable(draft),
  `Expected an object of at most ${DEPTH_MAX} levels, with finite numbers`,
);

export const draftProtocolSchema = z
  .strictObject({
    /** Of the protocol whose next version it shall be, or of a new one. */
    code: codeSchema,
    /** The published version to begin with, built-in or the chain's own; the newest one where none is named. */
    copyOf: z.strictObject({ code: z.string().min(1).max(80), version: z.int().min(1).optional() }).optional(),
    /** What to begin with instead. */
    draft: contentSchema.optional(),
  })
  .refine(({ copyOf, draft }) => (copyOf === undefined) !== (draft === undefined), {
    path: ['draft'],
    message: 'Give either what to copy or a draft.',
  })
  .meta({ id: 'DraftProtocol' });

export const changeDraftSchema = z.strictObject({ draft: contentSchema }).meta({ id: 'ChangeProtocolDraft' });

/** A protocol to look through, as a whole; its `version` may be left out. */
export const validateProtocolSchema = contentSchema.meta({ id: 'ProtocolToValidate' });
