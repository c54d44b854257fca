import type { Correctness } from '#libs/event-store/src/correction.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import type { ConsultationEvent } from '../../consultation/consultation.events.js';
import type { PatientEvent } from '../../patient/patient.events.js';
import type { SignedConsent } from './course-progress.rules.js';

/**
 * How facts about others than the course become what it is judged by. The read model keeps them as they come; a question
 * about an earlier state gathers them from the log. Both judge by the same.
 */

export type ConsentEvent = Extract<RecordedEvent<ConsultationEvent>, { type: 'ConsentSigned' | 'ConsentWithdrawn' }>;

export const isConsentEvent = (event: { readonly type: string }): event is ConsentEvent =>
  event.type === 'ConsentSigned' || event.type === 'ConsentWithdrawn';

/** Every consent of a consultation after one more event. */
export function evolveConsents(consents: readonly SignedConsent[], event: ConsentEvent): readonly SignedConsent[] {
  if (event.type === 'ConsentSigned') {
    const { procedure, signedOn, validUntil } = event.data;
    return [...consents, { procedure, signedOn, validUntil, withdrawnAt: null }];
  }
  return consents.map((consent) =>
    consent.procedure === event.data.procedure && consent.withdrawnAt === null
      ? { ...consent, withdrawnAt: event.occurredAt.instant }
      : consent,
  );
}

/** What a patient answered about their health, and from when on it holds. */
export interface KnownHealth {
  /** Null: from the beginning. What a registration says has no date of its own. */
  readonly since: Instant | null;
  /** When it was recorded as it reads: where it was corrected, when its latest correction was. */
  readonly recordedAt: Instant;
  /** Undefined: it was erased. */
  readonly answers: HealthAnswers | undefined;
}

export type HealthEvent = Extract<RecordedEvent<PatientEvent>, { type: 'PatientRegistered' | 'PatientHealthRecorded' }>;

export const isHealthEvent = (event: { readonly type: string }): event is HealthEvent =>
  event.type === 'PatientRegistered' || event.type === 'PatientHealthRecorded';

/** From when on the answers of an event hold, and when they were recorded as they read. */
export function timesOfHealth(
  event: Pick<HealthEvent, 'type' | 'occurredAt' | 'recordedAt'> & { readonly correctness?: Correctness },
): Pick<KnownHealth, 'since' | 'recordedAt'> {
  const since = event.type === 'PatientRegistered' ? null : event.occurredAt.instant;
  return { since, recordedAt: event.correctness?.correctedBy.at(-1)?.recordedAt ?? event.recordedAt };
}

/** The answers of an event whose boxes were opened. */
export function knownHealth(event: HealthEvent & { readonly correctness?: Correctness }): KnownHealth {
  const { health } = event.data;
  return { ...timesOfHealth(event), answers: isErased(health) ? undefined : health };
}

/**
 * What was known to hold at an instant: the latest answers from before it. What the patient said at registration holds
 * for everything before a newer record.
 * @param knownAt only what was recorded by then
 */
export function answersAt(
  records: readonly KnownHealth[],
  instant: Instant,
  knownAt?: Instant,
): HealthAnswers | undefined {
  let holding: KnownHealth | undefined;
  for (const record of records) {
    const begun = record.since === null || record.since <= instant;
    const known = knownAt === undefined || record.recordedAt <= knownAt;
    const newer = holding === undefined || (record.since ?? '') >= (holding.since ?? '');
    if (begun && known && newer) holding = record;
  }
  return holding?.answers;
}
