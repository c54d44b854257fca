import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { protocolSchema } from '#libs/protocols/src/protocol.schema.js';
import { z } from 'zod';

/** One stream for each code of a chain; its id follows from both, so that a code can never name two streams. */
export const protocolStream = (chainId: string, code: string) => `protocol-${derivedId(chainId, `protocol ${code}`)}`;

/** A version of a protocol, whole. It never changes after this. */
export const ProtocolPublished = eventType('ProtocolPublished', {
  schema: z.strictObject({ protocol: protocolSchema }),
});

export const PROTOCOL_EVENTS = [ProtocolPublished] as const;
export type ProtocolEvent = EventOf<(typeof PROTOCOL_EVENTS)[number]>;
