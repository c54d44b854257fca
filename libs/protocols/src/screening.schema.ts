import { dateDurationSchema, dayDurationSchema } from '#libs/kernel/src/iso-duration.js';
import { z } from 'zod';
import { codeSchema, rule, textsSchema } from './rule.schema.js';

const namesSchema = z.array(z.string().trim().min(1));

/** What in a patient's answers reveals a contraindication. Names are compared whole, whatever the letter case. */
export const triggerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('condition'), condition: codeSchema }),
  z.strictObject({ kind: z.literal('medication'), names: namesSchema.min(1) }),
  /** An allergy to an ingredient of the product that is used or planned. */
  z.strictObject({ kind: z.literal('allergy-to-ingredient') }),
  /** A condition or medicine that no rule of the protocol knows and that the chain does not list as harmless. */
  z.strictObject({ kind: z.literal('unlisted'), harmless: namesSchema }),
]);
export type Trigger = z.infer<typeof triggerSchema>;

/** A reason not to treat. `blocking: false` holds the next session for review instead. */
export const contraindicationSchema = rule({
  code: codeSchema,
  trigger: triggerSchema,
  /** The question of the health questionnaire. */
  asks: textsSchema,
  blocking: z.boolean(),
  /** Whether an authorised physician may override it with a written reason. */
  overridable: z.boolean(),
});
export type Contraindication = z.infer<typeof contraindicationSchema>;

export const screeningSchema = z.strictObject({
  /** How long a cleared consultation's findings hold; null: until something new is known. */
  validity: rule({ lasts: dateDurationSchema.nullable() }),
  contraindications: z.array(contraindicationSchema),
});

/** What a patient must leave off ahead of a session. */
export const precautionSchema = rule({
  code: codeSchema,
  /** The thing it is about, as in aftercare items: nothing is announced as free that is already forbidden here. */
  subject: codeSchema,
  /** Substances it names, to compare a medication list with. */
  names: namesSchema,
  /** Counted back from the session, in calendar days. */
  before: dayDurationSchema,
  text: textsSchema,
});
export type Precaution = z.infer<typeof precautionSchema>;

/** A question of the short check just before a session; a positive answer holds the session for a physician. */
export const preTreatmentCheckSchema = rule({
  code: codeSchema,
  asks: textsSchema,
  overridable: z.boolean(),
});

export const preSessionSchema = z.strictObject({
  precautions: z.array(precautionSchema),
  checks: z.array(preTreatmentCheckSchema),
});
