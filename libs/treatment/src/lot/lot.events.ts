import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

/** A stream for each lot at each site: the same lot received at two sites is two receipts. */
export const lotStream = (lotId: string) => `lot-${lotId}`;

export const LotReceived = eventType('LotReceived', {
  schema: z.strictObject({
    lotId: z.uuid(),
    siteId: z.uuid(),
    product: z.string().min(1),
    lotNumber: z.string().min(1),
    gtin: z.string().optional(),
    /** The last day on which it may be used. */
    expiresOn: localDateSchema,
    receivedOn: localDateSchema,
    ingredients: z.array(z.string().min(1)),
  }),
});

export const LOT_EVENTS = [LotReceived] as const;
export type LotEvent = EventOf<(typeof LOT_EVENTS)[number]>;
