import { type EventType, eventType } from '#libs/event-store/src/event-type.js';
import { personal } from '#libs/event-store/src/personal-data.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { z } from 'zod';

/** Brings an event, header included, to about 450 bytes, as the ones of a course have. */
const NOTE = 'cheeks and forehead, 2 ml, well tolerated';

const open = { patientId: z.uuid(), siteId: z.uuid(), number: z.int(), kind: z.enum(['course', 'maintenance']) };

/** The same event twice: with its text open, and with its text in the box of a person. */
export const NoteTaken = eventType('NoteTaken', { schema: z.strictObject({ ...open, note: z.string() }) });
export const NoteBoxed = eventType('NoteBoxed', {
  subject: 'patientId',
  schema: z.strictObject({ ...open, note: personal('clinical', z.string()) }),
});

export const BENCH_EVENT_TYPES = [NoteTaken, NoteBoxed] as unknown as readonly EventType[];

const SITE = newId();

export const noteOf = (patientId: Id) => ({ patientId, siteId: SITE, number: 3, kind: 'course' as const, note: NOTE });

/** What stands beside the data: ours makes it in the codec, a peer's user would put it into the metadata. */
export const contextOf = () => ({ actor: 'user:bench', origin: 'live' as const });

export const now = () => occurredNow(new Date().toISOString());
