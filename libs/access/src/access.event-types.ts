import type { EventType } from '#libs/event-store/src/event-type.js';
import { API_KEY_EVENTS } from './api-key/api-key.events.js';
import { USER_EVENTS } from './user/user.events.js';

export const ACCESS_EVENT_TYPES: readonly EventType[] = [...USER_EVENTS, ...API_KEY_EVENTS] as unknown as EventType[];
