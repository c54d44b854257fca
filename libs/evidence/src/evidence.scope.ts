import type { Chain } from '#libs/event-store/src/chains.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';

/** What a bundle is about, as streams of the log. */
export interface EvidenceScope {
  readonly kind: 'patient' | 'course' | 'report';
  /** What people call it, where it has a code; personal data is none of it. */
  readonly name: string | null;
  /** What it is about itself: the patient's stream, the course's, or those of a report. */
  readonly streams: readonly StreamName[];
  /** What belongs to it and no event of these names: messages and the like. Courses and consultations are found by name. */
  readonly further: readonly StreamName[];
}

/** Which streams belong to whom; filled by who knows a clinic. */
export interface EvidenceScopes {
  /** @param patient id or code @throws NotFound `patient.unknown` */
  patient(chain: Chain, patient: string): Promise<EvidenceScope>;
  /** @param course id or code @throws NotFound `course.unknown` */
  course(chain: Chain, course: string): Promise<EvidenceScope>;
  /** @param site id or code @throws NotFound `site.unknown` */
  site(chain: Chain, site: string): Promise<Id>;
}
