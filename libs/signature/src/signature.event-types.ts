import type { EventType } from '#libs/event-store/src/event-type.js';
import { SIGNATURE_EVENTS } from './signature.events.js';

/** Every type of event that signing writes. */
export const SIGNATURE_EVENT_TYPES: readonly EventType[] = [...SIGNATURE_EVENTS] as unknown as EventType[];
