import type { RuleEntry } from '#libs/protocols/src/rule-book.js';
import { BOOKING_RULES } from '#libs/booking/src/booking.rule-book.js';
import { ERASURE_RULES } from '#libs/erasure/src/erasure.rule-book.js';
import { MESSAGE_HOLDS_RULES } from '#libs/messaging/src/message-holds.rule-book.js';
import { MESSAGING_RULES } from '#libs/messaging/src/messaging.rule-book.js';
import { TEMPLATE_RULES } from '#libs/messaging/src/templates/custom/template.rule-book.js';
import { PROTOCOL_RULES } from '#libs/protocols/src/protocols.rule-book.js';
import { SIGNATURE_RULES } from '#libs/signature/src/signature.rule-book.js';
import { TASK_RULES } from '#libs/tasks/src/tasks.rule-book.js';
import { ADVERSE_EVENT_RULES } from '#libs/treatment/src/adverse-event/adverse-event.rule-book.js';
import { CONSULTATION_RULES } from '#libs/treatment/src/consultation/consultation.rule-book.js';
import { COURSE_MAINTENANCE_RULES } from '#libs/treatment/src/course/course-maintenance.rule-book.js';
import { COURSE_RULES } from '#libs/treatment/src/course/course.rule-book.js';
import { HISTORY_RULES } from '#libs/treatment/src/history/history.rule-book.js';
import { LOT_RULES } from '#libs/treatment/src/lot/lot.rule-book.js';
import { PATIENT_RULES } from '#libs/treatment/src/patient/patient.rule-book.js';
import { PRACTITIONER_RULES } from '#libs/treatment/src/practitioner/practitioner.rule-book.js';
import { PROTOCOL_LIFECYCLE_RULES } from '#libs/treatment/src/protocol/protocol.rule-book.js';
import { RECALL_RULES } from '#libs/treatment/src/recall/recall.rule-book.js';
import { WHAT_IF_RULES } from '#libs/what-if/src/what-if.rule-book.js';

/** Every rule book of the record. Written by `npm run rules`; do not edit it. */
export const RULE_BOOKS: readonly Readonly<Record<string, RuleEntry>>[] = [
  BOOKING_RULES,
  ERASURE_RULES,
  MESSAGE_HOLDS_RULES,
  MESSAGING_RULES,
  TEMPLATE_RULES,
  PROTOCOL_RULES,
  SIGNATURE_RULES,
  TASK_RULES,
  ADVERSE_EVENT_RULES,
  CONSULTATION_RULES,
  COURSE_MAINTENANCE_RULES,
  COURSE_RULES,
  HISTORY_RULES,
  LOT_RULES,
  PATIENT_RULES,
  PRACTITIONER_RULES,
  PROTOCOL_LIFECYCLE_RULES,
  RECALL_RULES,
  WHAT_IF_RULES,
];
