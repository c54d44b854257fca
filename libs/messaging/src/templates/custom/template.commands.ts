import { languageSchema } from '#libs/protocols/src/rule.schema.js';
import { z } from 'zod';

/** Several times what the longest built-in template comes to. */
const TEXT_MAX = 10_000;
const MJML_MAX = 50_000;
const SUBJECT_MAX = 400;
const PHRASES_MAX = 50;

/** The words of one kind of message in one language on one channel. */
export const templateContentSchema = z
  .strictObject({
    /** Liquid; for an e-mail. */
    subject: z.string().trim().min(1).max(SUBJECT_MAX).optional(),
    /** Liquid: the plain text. */
    text: z.string().trim().min(1).max(TEXT_MAX),
    /** MJML with Liquid in it; without it, the HTML of an e-mail is made of its plain text. */
    mjml: z.string().trim().min(1).max(MJML_MAX).optional(),
    /** Texts in ICU MessageFormat, for `{{ 'name' | icu: value: value }}`. */
    phrases: z
      .record(z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by hyphens'), z.string().max(2_000))
      .refine((phrases) => Object.keys(phrases).length <= PHRASES_MAX, `at most ${PHRASES_MAX} phrases`)
      .optional(),
  })
  .meta({ id: 'MessageTemplateContent' });
export type GivenTemplate = z.infer<typeof templateContentSchema>;

/** Null: English. */
export const fallbackLanguageSchema = z
  .strictObject({ language: languageSchema.nullable() })
  .meta({ id: 'MessageFallbackLanguage' });
