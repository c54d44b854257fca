import type { EventType } from '#libs/event-store/src/event-type.js';
import { INVITATION_EVENTS } from './message/invitation.events.js';
import { MESSAGE_EVENTS } from './message/message.events.js';
import { TEMPLATE_EVENTS } from './templates/custom/template.events.js';

/** Every type of event that messaging writes. */
export const MESSAGING_EVENT_TYPES: readonly EventType[] = [
  ...MESSAGE_EVENTS,
  ...INVITATION_EVENTS,
  ...TEMPLATE_EVENTS,
] as unknown as EventType[];
