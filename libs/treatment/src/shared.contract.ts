import { instantSchema, localDateSchema, wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

/**
 * What the answers of several read models have in common. Names of persons are opened when the answer is made, and are
 * null where they were erased or where the person was never registered.
 */
export const personSchema = z
  .strictObject({
    id: z.uuid(),
    /** The chain's own number for the person; null where none was given. */
    code: z.string().nullable(),
    /** Given name and family name. */
    name: z.string().nullable(),
  })
  .meta({ id: 'Person' });
export type Person = z.infer<typeof personSchema>;

export const siteRefSchema = z
  .strictObject({ id: z.uuid(), code: z.string().nullable(), name: z.string().nullable() })
  .meta({ id: 'SiteRef' });
export type SiteRef = z.infer<typeof siteRefSchema>;

export const courseRefSchema = z
  .strictObject({
    id: z.uuid(),
    code: z.string().nullable(),
    /** Code of the protocol. */
    protocol: z.string(),
  })
  .meta({ id: 'CourseRef' });
export type CourseRef = z.infer<typeof courseRefSchema>;

/** One page of a list. `next` is the cursor of the page after it; null on the last one. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next: z.string().nullable() });

export interface Page<Item> {
  readonly items: Item[];
  readonly next: string | null;
}

/** Enough for a screen; the most keeps one answer under about a megabyte. */
export const PAGE_ITEMS = 100;
export const PAGE_ITEMS_MAX = 500;

/** Answers only once the read model has come to this position (`chain:number`, as a command answered it). */
const waiting = { position: z.string().optional() };

/** Parameters of any query, as they come in a URL. */
export const queryParamsSchema = z.strictObject(waiting);

/** Parameters of a list, as they come in a URL. */
export const listParamsSchema = z.strictObject({
  ...waiting,
  limit: z.coerce.number().int().min(1).max(PAGE_ITEMS_MAX).default(PAGE_ITEMS),
  /** `next` of the page before. */
  cursor: z.string().max(2000).optional(),
});
export type ListParams = z.infer<typeof listParamsSchema>;

/** Another date than the chain clock's, for what depends on it. */
export const todaySchema = localDateSchema.optional();

/** A time at a site, as its clock showed it. */
export const wallSchema = wallTimeSchema;
export { instantSchema, localDateSchema };
