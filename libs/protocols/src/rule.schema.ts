import { z } from 'zod';
import { FACT_IDS, SOURCES, type FactId, type SourceId } from './facts.js';

export const factIdSchema = z.enum(FACT_IDS as readonly [FactId, ...FactId[]]);

/** Lower-case words joined by hyphens: what programs branch on. */
export const codeSchema = z
  .string()
  .max(80)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a code of lower-case words joined by hyphens');

export const languageSchema = z.string().regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'a language tag such as en or pt-BR');

/** One text for each language of the protocol. */
export const textsSchema = z.record(languageSchema, z.string().trim().min(1));
export type Texts = z.infer<typeof textsSchema>;

/**
 * Why a rule stands where it stands, in the order of precedence: the protocol's own source states it; else the general
 * description does; else another source; else the chain decided it.
 */
export const RULE_BASES = ['own-source', 'general', 'other-source', 'chain'] as const;
export type RuleBasis = (typeof RULE_BASES)[number];

const groundsShape = {
  /** The published statements the rule rests on. */
  facts: z.array(factIdSchema),
  basis: z.enum(RULE_BASES),
  /** Ids of the protocol's own citations (`evidence`), for what the published statements do not cover. */
  citations: z.array(codeSchema).optional(),
  /** What a reader must know about the rule: above all, which part of it is not the source's but the chain's. */
  note: z.string().trim().min(1).optional(),
};

/** What every rule of a protocol carries beside its content. */
export const groundsSchema = z.strictObject(groundsShape);
export type Grounds = z.infer<typeof groundsSchema>;

/** A rule: its content and the grounds it stands on. Unknown fields are refused. */
export const rule = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject({ ...shape, ...groundsShape });

const SOURCE_IDS = Object.keys(SOURCES) as [SourceId, ...SourceId[]];

export const evidenceSchema = z.discriminatedUnion('kind', [
  /** A published description, or a single statement of it, and what it is to this protocol. */
  z.strictObject({
    kind: z.literal('published'),
    cites: z.union([z.enum(SOURCE_IDS), factIdSchema]),
    relation: z.enum(['own', 'general', 'other']),
  }),
  /** The chain's own evidence. */
  z.strictObject({
    kind: z.literal('citation'),
    id: codeSchema,
    text: z.string().trim().min(1),
    url: z.url({ protocol: /^https?$/ }).nullable(),
  }),
]);
export type Evidence = z.infer<typeof evidenceSchema>;

/** What a protocol may name as published evidence: a whole description or one statement. */
export type Citable = SourceId | FactId;
