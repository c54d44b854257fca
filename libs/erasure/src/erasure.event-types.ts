import type { EventType } from '#libs/event-store/src/event-type.js';
import { ERASURE_EVENTS } from './case/erasure.events.js';

/** Every type of event that decisions about erasures are written as. */
export const ERASURE_EVENT_TYPES: readonly EventType[] = [...ERASURE_EVENTS] as unknown as EventType[];
