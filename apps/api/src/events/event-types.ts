import { BOOKING_EVENT_TYPES } from '#libs/booking/src/booking.event-types.js';
import type { EventType } from '#libs/event-store/src/event-type.js';
import { MESSAGING_EVENT_TYPES } from '#libs/messaging/src/messaging.event-types.js';
import { TASKS_EVENT_TYPES } from '#libs/tasks/src/tasks.event-types.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';

/** The types of events that this version knows, by name. */
export const EVENT_TYPES: ReadonlyMap<string, EventType> = new Map(
  [...TREATMENT_EVENT_TYPES, ...MESSAGING_EVENT_TYPES, ...BOOKING_EVENT_TYPES, ...TASKS_EVENT_TYPES].map((type) => [
    type.type,
    type,
  ]),
);
