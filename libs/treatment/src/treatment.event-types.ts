import type { EventOf, EventType } from '#libs/event-store/src/event-type.js';
import { CONSULTATION_EVENTS } from './consultation/consultation.events.js';
import { COURSE_EVENTS } from './course/course.events.js';
import { LOT_EVENTS } from './lot/lot.events.js';
import { LOT_USE_EVENTS } from './lot/lot-use.events.js';
import { PATIENT_EVENTS } from './patient/patient.events.js';
import { PRACTITIONER_EVENTS } from './practitioner/practitioner.events.js';
import { PROTOCOL_EVENTS } from './protocol/protocol.events.js';
import { RECALL_EVENTS, RECALL_LIST_EVENTS } from './recall/recall.events.js';
import { SITE_EVENTS } from './site/site.events.js';

const ALL = [
  ...SITE_EVENTS,
  ...PRACTITIONER_EVENTS,
  ...PATIENT_EVENTS,
  ...LOT_EVENTS,
  ...RECALL_EVENTS,
  ...RECALL_LIST_EVENTS,
  ...LOT_USE_EVENTS,
  ...PROTOCOL_EVENTS,
  ...CONSULTATION_EVENTS,
  ...COURSE_EVENTS,
] as const;

/** Every type of event of this library, for the registry of a deployment. */
export const TREATMENT_EVENT_TYPES: readonly EventType[] = ALL as unknown as readonly EventType[];

export type TreatmentEvent = EventOf<(typeof ALL)[number]>;
