import type { Id } from '#libs/kernel/src/ids.js';
import type { LocalDate, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { HealthAnswers } from '#libs/protocols/src/contraindication.rule.js';
import type { PersonsWithdrawal } from '../patient/patient.state.js';
import type { PractitionerState } from '../practitioner/practitioner.state.js';
import type { Conclusion, ConsultationNotes, QuestionnaireAnswer, TestValue } from './consultation.events.js';
import type { ScreeningRules } from './consultation.rules.js';
import type { ConsideredProducts } from './consultation.state.js';
import type { HealthKnownAt } from './override.rules.js';

/** When something happened; undefined: now. */
export type Moment = ZonedTime | undefined;

/** What may be asked of a consultation. `known` is what it is judged by beside its own events. */
export type ConsultationCommand =
  | {
      readonly type: 'Hold';
      readonly consultationId: Id;
      readonly patientId: Id;
      readonly siteId: Id;
      readonly practitionerId: Id;
      readonly procedure: string;
      readonly at: ZonedTime;
      readonly notes: ConsultationNotes;
      readonly known: {
        readonly practitioner: PractitionerState;
        /** Null: nothing of the kind is on record. */
        readonly diedOn: LocalDate | null;
        readonly bornOn?: LocalDate | null;
      };
    }
  | {
      readonly type: 'Note';
      readonly at?: Moment;
      readonly practitionerId: Id;
      readonly notes: ConsultationNotes;
      readonly known: { readonly practitioner: PractitionerState };
    }
  | {
      readonly type: 'AnswerQuestionnaire';
      readonly at?: Moment;
      readonly answers: readonly QuestionnaireAnswer[];
      readonly known: { readonly protocol: ScreeningRules };
    }
  | ({ readonly type: 'ConsiderProducts'; readonly at?: Moment } & ConsideredProducts)
  | { readonly type: 'RequestTest'; readonly at?: Moment; readonly test: string }
  | {
      readonly type: 'RecordTestResult';
      readonly test: string;
      readonly on: LocalDate;
      readonly acceptable: boolean;
      readonly values: readonly TestValue[];
    }
  | {
      readonly type: 'OverrideContraindication';
      readonly at?: Moment;
      readonly code: string;
      readonly practitionerId: Id;
      readonly reason: string;
      readonly known: {
        readonly protocol: ScreeningRules;
        readonly practitioner: PractitionerState;
        readonly health: HealthAnswers | 'erased';
        readonly healthKnownAt?: HealthKnownAt;
      };
    }
  | {
      readonly type: 'Conclude';
      readonly practitionerId: Id;
      readonly conclusion: Conclusion;
      readonly reason: string;
      readonly at?: Moment;
      readonly known: {
        readonly protocol: ScreeningRules;
        readonly practitioner: PractitionerState;
        /** What the health record says of the person on the day of the conclusion. */
        readonly health: HealthAnswers | 'erased';
        readonly healthKnownAt?: HealthKnownAt;
      };
    }
  | {
      readonly type: 'SignConsent';
      readonly procedure: string;
      readonly signedOn: LocalDate;
      readonly formHash: string;
      readonly formId?: string | undefined;
      readonly formVersion?: string | undefined;
      readonly signedBy: 'patient' | 'guardian';
      readonly validUntil: LocalDate | null;
      readonly known: {
        /** On the day of the signature. */
        readonly isMinor: boolean;
        readonly hasGuardian: boolean;
        readonly diedOn: LocalDate | null;
        /** What the person withdrew, in other consultations as well. */
        readonly withdrawals?: readonly PersonsWithdrawal[];
      };
    }
  | {
      readonly type: 'WithdrawConsent';
      readonly procedure: string;
      readonly at?: Moment;
    };

export type CommandFor<Type extends ConsultationCommand['type']> = Extract<ConsultationCommand, { type: Type }>;
