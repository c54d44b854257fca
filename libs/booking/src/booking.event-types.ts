import type { EventType } from '#libs/event-store/src/event-type.js';
import { DIARY_EVENTS } from './diary/diary.events.js';
import { SLOT_EVENTS } from './slot/slot.events.js';

/** Every type of event that booking writes. */
export const BOOKING_EVENT_TYPES: readonly EventType[] = [...SLOT_EVENTS, ...DIARY_EVENTS] as unknown as EventType[];
