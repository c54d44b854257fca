import { z } from 'zod';
import { TEMPLATE_CHANNELS, TEMPLATE_NAMES } from '../template-set.js';
import { TEMPLATE_RULES, type TemplateFindingCode } from './template.rule-book.js';

const keyShape = {
  name: z.enum(TEMPLATE_NAMES),
  language: z.string(),
  channel: z.enum(TEMPLATE_CHANNELS),
};

const originSchema = z.enum(['chain', 'built-in']).describe('Whose words they are.');
const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

const sourceShape = {
  /** Liquid; null for an SMS. */
  subject: z.string().nullable(),
  text: z.string(),
  /** Null for an SMS, and where the HTML is made of the plain text. */
  mjml: z.string().nullable(),
  phrases: z.record(z.string(), z.string()),
};

export const templateSummarySchema = z
  .strictObject({
    ...keyShape,
    origin: originSchema,
    templateHash: hashSchema,
    /** When the chain published it; null for built-in ones. */
    publishedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'MessageTemplateSummary' });

export const templateListSchema = z
  .strictObject({
    items: z.array(templateSummarySchema),
    /** In which patients are written to in whose language there is nothing; null: English. */
    fallbackLanguage: z.string().nullable(),
    /** Of all templates of the chain together; for If-Match. -1 before there was any. */
    revision: z.int(),
  })
  .meta({ id: 'MessageTemplateList' });
export type TemplateListView = z.infer<typeof templateListSchema>;

export const templateViewSchema = z
  .strictObject({
    ...keyShape,
    origin: originSchema,
    templateHash: hashSchema,
    publishedAt: z.iso.datetime().nullable(),
    ...sourceShape,
    /** What a template of this kind may name. */
    values: z.array(z.string()),
  })
  .meta({ id: 'MessageTemplate' });
export type TemplateView = z.infer<typeof templateViewSchema>;

export const keptTemplateSchema = z
  .strictObject({ ...keyShape, ...sourceShape, templateHash: hashSchema, firstUsedAt: z.iso.datetime() })
  .meta({ id: 'KeptMessageTemplate' });
export type KeptTemplateView = z.infer<typeof keptTemplateSchema>;

const CODES = Object.keys(TEMPLATE_RULES) as [TemplateFindingCode, ...TemplateFindingCode[]];

export const templatePreviewSchema = z
  .strictObject({
    /** Whether it may be published as it is. */
    valid: z.boolean(),
    templateHash: hashSchema,
    findings: z.array(
      z
        .strictObject({
          code: z.enum(CODES),
          field: z.string(),
          line: z.int().positive().nullable(),
          message: z.string(),
        })
        .meta({ id: 'MessageTemplateFinding' }),
    ),
    /** How messages will read, on made-up values; empty where it cannot be read. */
    samples: z.array(
      z
        .strictObject({
          sample: z.enum(['everything', 'one', 'little', 'telling-names']),
          subject: z.string().nullable(),
          text: z.string(),
          html: z.string().nullable(),
          /** Of an SMS; null for an e-mail. */
          segments: z.int().positive().nullable(),
        })
        .meta({ id: 'MessageTemplateSample' }),
    ),
  })
  .meta({ id: 'MessageTemplatePreview' });
export type TemplatePreviewView = z.infer<typeof templatePreviewSchema>;
