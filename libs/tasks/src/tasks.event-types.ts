import type { EventType } from '#libs/event-store/src/event-type.js';
import { TASK_EVENTS } from './task/task.events.js';

/** Every type of event that tasks write. */
export const TASKS_EVENT_TYPES: readonly EventType[] = [...TASK_EVENTS] as unknown as EventType[];
