import type { ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { depthDeviation } from '#libs/protocols/src/session-measure.rules.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { RuleOverride } from '#libs/protocols/src/rule-book.js';
import type { ConsultationState } from '../consultation/consultation.state.js';
import type { LOT_RULES } from '../lot/lot.rule-book.js';
import type { LotState } from '../lot/lot.state.js';
import type { Person } from '../patient/person.js';
import type { PractitionerState } from '../practitioner/practitioner.state.js';
import type { SeenAndAccepted } from '../refusal.js';
import type { RecallState } from '../recall/recall.state.js';
import type { AcceptedDeviation, SessionKind, StepDone, UsedProduct } from './course.events.js';
import type { CourseRule } from './course.rule-book.js';
import type { PlannedCourse } from './course.state.js';
import type { MaintenanceEndRule } from './maintenance-end.rules.js';

/** What a session is judged by: each as its events stood at the decision. */
export interface SessionWorld {
  readonly protocol: Protocol;
  /** The patient with all linked registrations: what is known of one holds for all. */
  readonly person: Person;
  readonly practitioner: PractitionerState;
  /** On whose order a nurse treats; undefined where nobody was named. */
  readonly orderedBy: PractitionerState | undefined;
  /** Who did each step, in their order; left out where the steps were not recorded. */
  readonly stepsBy?: readonly PractitionerState[] | undefined;
  /** The latest that the course rests on. */
  readonly consultation: ConsultationState;
  /** Those before it, oldest first; left out where there were none. */
  readonly formerConsultations?: readonly ConsultationState[];
  /** For each used product, in their order: the lot at the site of the session, and whether it was recalled. */
  readonly lots: readonly LotWorld[];
  /** The person's other courses, at whatever site. */
  readonly otherCourses: readonly OtherCourse[];
}

/** Another course of the person. */
export type OtherCourse = PlannedCourse & {
  /** The procedure of its protocol; the code of the protocol where it is left out. */
  readonly procedure?: string;
};

export interface LotWorld {
  readonly lot: LotState;
  readonly recall: RecallState;
  /** Of it in performed sessions at the site, in ml, as far as the read models know; left out where nobody asked. */
  readonly usedMl?: number;
}

export interface SessionFacts {
  readonly kind: SessionKind;
  readonly at: ZonedTime;
  readonly siteId: string;
  readonly durationMinutes?: number | undefined;
  readonly device: Parameters<typeof depthDeviation>[1]['device'];
  readonly depthMm?: number | undefined;
  readonly products: readonly UsedProduct[];
  readonly steps?: readonly Pick<StepDone, 'code'>[] | undefined;
}

/** Something about a session that speaks against it. */
export interface Finding {
  readonly rule: CourseRule | keyof typeof LOT_RULES | MaintenanceEndRule | 'consent.guardian';
  /** As what it counts where it was accepted, or already happened; null where nobody may accept it. */
  readonly deviation: AcceptedDeviation | null;
  readonly field: string;
  readonly message: string;
  readonly facts: readonly string[];
  /** Whose written reason lets it pass, as a deviation. */
  readonly override: RuleOverride;
  /** What was seen; never personal data. */
  readonly seen: SeenAndAccepted['seen'];
  readonly accepted: string;
}
