import { assertNever } from '#libs/kernel/src/assert-never.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { Cause, MessageKind } from '../message/message.events.js';
import type { PersonStanding } from './person-standing.js';
import type { Told } from './told.js';

/** A message that the course's present state asks for. */
export interface DesiredMessage {
  readonly kind: MessageKind;
  readonly cause: Cause;
  /** Raised only by a domain event that changes what the patient must be told. */
  readonly generation: number;
  readonly precaution?: string | undefined;
  readonly due: ZonedTime;
  readonly expiresAt: Instant;
  /** Published statements that the rule rests on. */
  readonly facts: readonly string[];
}

/** What the plan looks at beside the course itself. */
export interface PlanContext {
  readonly protocol: Protocol;
  /** Zone of the course's site. */
  readonly zone: string;
  /** When staff of the site last let the messages of imported, overdue maintenance go. */
  readonly importedMaintenanceReleasedAt: Instant | undefined;
  /** A later course of the patient under the same protocol has begun. */
  readonly rhythmEnded: boolean;
  /** How often it turned out that such a course had not begun, and when last; left out where it never did. */
  readonly rhythmBack?: Told;
  /** Whether the patient has died or moved away, by any of their registrations. */
  readonly person: PersonStanding;
  /** The chain's present time: on which day somebody is gone. */
  readonly now: Instant;
}

/** One key for one thing to tell one patient: the same in every process and every year. */
export const keyOf = (
  desired: Pick<DesiredMessage, 'kind' | 'cause' | 'generation' | 'precaution'>,
  patientId: Id,
): string =>
  [
    causeKey(desired.cause),
    desired.kind,
    ...(desired.precaution === undefined ? [] : [desired.precaution]),
    patientId,
    desired.generation,
  ].join(' ');

function causeKey(cause: Cause): string {
  switch (cause.kind) {
    case 'session':
      return `session ${cause.sessionId}`;
    case 'maintenance-window':
      return `window ${cause.ordinal}`;
    case 'maintenance-slot':
      return `slot ${cause.slotId}`;
    default:
      return assertNever(cause, 'cause');
  }
}

export const messageIdOf = (courseId: Id, key: string): Id => derivedId(courseId, `message ${key}`);
