import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { instantSchema, type LocalDate, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

/** What is held at a site on one of its days. Every hold is written here as well, so that of two the second sees the first. */
export const diaryStream = (siteId: Id, date: LocalDate) => `diary-${derivedId(siteId, `diary ${date}`)}`;

const ofEntry = { siteId: z.uuid(), date: localDateSchema, slotId: z.uuid() };

export const TimeTaken = eventType('TimeTaken', {
  schema: z.strictObject({
    ...ofEntry,
    from: instantSchema,
    /** The first instant after it. */
    to: instantSchema,
  }),
});

export const TimeFreed = eventType('TimeFreed', { schema: z.strictObject(ofEntry) });

export const DIARY_EVENTS = [TimeTaken, TimeFreed] as const;
export type DiaryEvent = EventOf<(typeof DIARY_EVENTS)[number]>;
