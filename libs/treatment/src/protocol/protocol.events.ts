import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { protocolSchema } from '#libs/protocols/src/protocol.schema.js';
import { codeSchema } from '#libs/protocols/src/rule.schema.js';
import { z } from 'zod';

/** The id of a chain's protocol of a code: it follows from both, so that a code can never name two. */
export const protocolId = (chainId: string, code: string): Id => derivedId(chainId, `protocol ${code}`);

/** One stream for each code of a chain. */
export const protocolStream = (chainId: string, code: string) => `protocol-${protocolId(chainId, code)}`;

/** A draft has a stream of its own: those who write two drafts of one protocol do not stand in each other's way. */
export const draftStream = (draftId: Id) => `protocoldraft-${draftId}`;

const version = z.int().min(1);

/** A version of a protocol, whole. It never changes after this. */
export const ProtocolPublished = eventType('ProtocolPublished', {
  version: 2,
  // A protocol of version 1 names no procedure: its own code is one.
  upcasters: [(data) => data],
  schema: z.strictObject({ protocol: protocolSchema }),
});

/** No new course is planned with this version any more; courses that were go on with it. */
export const ProtocolRetired = eventType('ProtocolRetired', {
  schema: z.strictObject({ code: codeSchema, version }),
});

/** A draft as it was given, which need not be a protocol yet: any JSON object. */
export const draftContentSchema = z.record(z.string(), z.unknown());
export type DraftContent = z.infer<typeof draftContentSchema>;

export const basedOnSchema = z.strictObject({ code: codeSchema, version });
export type BasedOn = z.infer<typeof basedOnSchema>;

/** Somebody began to write what shall be the next version of the protocol `code`, which may be its first. */
export const ProtocolDrafted = eventType('ProtocolDrafted', {
  schema: z.strictObject({
    draftId: z.uuid(),
    code: codeSchema,
    draft: draftContentSchema,
    /** The published version that was copied; null where the draft was given as a whole. */
    basedOn: basedOnSchema.nullable(),
  }),
});

/** The whole draft anew. */
export const ProtocolDraftChanged = eventType('ProtocolDraftChanged', {
  schema: z.strictObject({ draftId: z.uuid(), draft: draftContentSchema }),
});

export const ProtocolDraftDiscarded = eventType('ProtocolDraftDiscarded', {
  schema: z.strictObject({ draftId: z.uuid() }),
});

/** The draft became this version, or says what this version said already. */
export const ProtocolDraftPublished = eventType('ProtocolDraftPublished', {
  schema: z.strictObject({ draftId: z.uuid(), code: codeSchema, version }),
});

const VERSION_EVENTS = [ProtocolPublished, ProtocolRetired] as const;
const DRAFT_EVENTS = [ProtocolDrafted, ProtocolDraftChanged, ProtocolDraftDiscarded, ProtocolDraftPublished] as const;
export const PROTOCOL_EVENTS = [...VERSION_EVENTS, ...DRAFT_EVENTS] as const;

/** Events of a protocol's own stream. */
export type ProtocolEvent = EventOf<(typeof VERSION_EVENTS)[number]>;
/** Events of a draft's stream. */
export type ProtocolDraftEvent = EventOf<(typeof DRAFT_EVENTS)[number]>;
