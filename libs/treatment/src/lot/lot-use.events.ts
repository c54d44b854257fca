import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { z } from 'zod';

/**
 * What sessions use of a lot at a site whose volume was counted, beside the lot itself: whoever only looks at the lot (its
 * expiry, its vials) need not stand still while it is used.
 */
export const lotUseStream = (lotId: string) => `lotuse-${lotId}`;

/**
 * What a session used of the lot, all areas together. It stands in the place of what was said of the session before: a
 * correction says it anew, and none at all where the session turned out to have used another lot, or never happened.
 */
export const LotUsed = eventType('LotUsed', {
  schema: z.strictObject({
    lotId: z.uuid(),
    courseId: z.uuid(),
    sessionId: z.uuid(),
    volumeMl: z.number().nonnegative(),
  }),
});

export const LOT_USE_EVENTS = [LotUsed] as const;

/** What was said last of each session, in ml by its id. */
export type LotUse = Readonly<Record<string, number>>;

export const lotUseFold = {
  initial: {} as LotUse,
  evolve: (use: LotUse, { data }: RecordedEvent<EventOf<typeof LotUsed>>): LotUse => ({
    ...use,
    [data.sessionId]: data.volumeMl,
  }),
};
