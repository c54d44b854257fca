import { z } from 'zod';

/**
 * The class of a field of personal data. Each class of each person has a key of its own, so that what a nurse may open
 * (clinical), what a message needs (contact) and what only a picture viewer needs (pictures) are kept apart, and so
 * that destroying a person's keys makes the data unreadable while the event stays.
 */
export const PERSONAL_CLASSES = ['clinical', 'contact', 'pictures'] as const;
export type PersonalClass = (typeof PERSONAL_CLASSES)[number];

/** What stands in the place of personal data whose key was destroyed. Every fold handles it. */
export interface Erased {
  readonly erased: true;
}
export const ERASED: Erased = Object.freeze({ erased: true });

export const isErased = (value: unknown): value is Erased =>
  typeof value === 'object' && value !== null && (value as { erased?: unknown }).erased === true;

/** The value, or `fallback` where it was erased. */
export const unlessErased = <T, F>(value: T | Erased, fallback: F): T | F => (isErased(value) ? fallback : value);

const registry = z.registry<{ personalClass: PersonalClass }>();

const erasedSchema = z.strictObject({ erased: z.literal(true) });

/**
 * Declares that a field of an event holds personal data: it is never stored or projected open. What comes out is the
 * value, or `ERASED`. Only fields at the top of an event's data are declared; what is inside them goes into the box
 * with them.
 */
export function personal<T extends z.ZodType>(personalClass: PersonalClass, schema: T) {
  const field = z.union([schema, erasedSchema]);
  registry.add(field, { personalClass });
  return field;
}

/** The personal fields of an event's data by name. */
export function personalFieldsOf(schema: z.ZodObject): ReadonlyMap<string, PersonalClass> {
  const fields = new Map<string, PersonalClass>();
  for (const [name, field] of Object.entries(schema.shape)) {
    const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
    const meta = registry.get(inner as z.ZodType);
    if (meta) fields.set(name, meta.personalClass);
  }
  return fields;
}
