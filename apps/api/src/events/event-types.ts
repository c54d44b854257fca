import type { EventType } from '#libs/event-store/src/event-type.js';
import { MESSAGE_EVENTS } from '#libs/messaging/src/message/message.events.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';

/** The types of events that this version knows, by name. */
export const EVENT_TYPES: ReadonlyMap<string, EventType> = new Map(
  [...TREATMENT_EVENT_TYPES, ...(MESSAGE_EVENTS as unknown as readonly EventType[])].map((type) => [type.type, type]),
);
