import { FINDING_CODES } from '#libs/protocols/src/lint/protocol-finding.js';
import { protocolSchema } from '#libs/protocols/src/protocol.schema.js';
import { z } from 'zod';

export const protocolViewSchema = protocolSchema.meta({ id: 'Protocol' });

export const protocolStateSchema = z.enum(['published', 'retired']);

/** One version of a protocol and what became of it. */
export const protocolVersionSchema = z
  .strictObject({
    code: z.string(),
    version: z.int().positive(),
    /** `retired`: no new course is planned with it; those that were planned with it go on. */
    state: protocolStateSchema,
    publishedAt: z.iso.datetime(),
    retiredAt: z.iso.datetime().nullable(),
    /** It never changes. */
    protocol: protocolViewSchema,
    /** Of the protocol with all its versions; for If-Match. */
    revision: z.int().nonnegative(),
  })
  .meta({ id: 'ProtocolVersion' });
export type ProtocolVersionView = z.infer<typeof protocolVersionSchema>;

const draftSummaryShape = {
  id: z.uuid(),
  /** Of the protocol whose next version it shall be. */
  code: z.string(),
  state: z.enum(['open', 'published', 'discarded']),
  /** The version that it was copied from. */
  basedOn: z.strictObject({ code: z.string(), version: z.int().positive() }).nullable(),
  /** The version that it became; null before it was published. */
  version: z.int().positive().nullable(),
  changedAt: z.iso.datetime(),
  /** For If-Match. */
  revision: z.int().nonnegative(),
};

export const protocolDraftSummarySchema = z.strictObject(draftSummaryShape).meta({ id: 'ProtocolDraftSummary' });
export type ProtocolDraftSummary = z.infer<typeof protocolDraftSummarySchema>;

export const protocolDraftSchema = z
  .strictObject({
    ...draftSummaryShape,
    /** As it was given; it need not be a protocol yet. */
    draft: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ProtocolDraft' });
export type ProtocolDraftView = z.infer<typeof protocolDraftSchema>;

/** What stands between a draft and its publication. */
export const protocolValidationSchema = z
  .strictObject({
    /** Whether it may be published as it is. */
    valid: z.boolean(),
    findings: z.array(
      z
        .strictObject({
          /** Stable; its rule is `protocol.` with this behind. */
          code: z.enum(FINDING_CODES),
          /** Dotted, for example `aftercare.2.text`; empty for the protocol as a whole. */
          path: z.string(),
          message: z.string(),
          /** Ids of the published facts that it rests on. */
          facts: z.array(z.string()),
        })
        .meta({ id: 'ProtocolFinding' }),
    ),
  })
  .meta({ id: 'ProtocolValidation' });
export type ProtocolValidation = z.infer<typeof protocolValidationSchema>;
