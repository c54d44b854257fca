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
