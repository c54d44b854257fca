import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type {
  AnswerQuestionnaireData,
  ConcludeConsultationData,
  ConsiderProductsData,
  CorrectConsultationEntryData,
  HoldConsultationData,
  NoteConsultationData,
  OverrideContraindicationData,
  RecordTestResultData,
  RequestTestData,
  RetractConsultationEntryData,
  SignConsentData,
  WithdrawConsentData,
} from './consultation.commands.js';
import { ConsultationService } from './consultation.service.js';
import { ConsultationEntryService } from './consultation-entry.service.js';

interface Target {
  readonly consultation: string;
}

interface EntryTarget extends Target {
  /** Id of the event. */
  readonly event: string;
}

export class HoldConsultation extends CommandOf<HoldConsultationData> {}
export class NoteConsultation extends CommandOf<NoteConsultationData, Target> {}
export class AnswerQuestionnaire extends CommandOf<AnswerQuestionnaireData, Target> {}
export class ConsiderProducts extends CommandOf<ConsiderProductsData, Target> {}
export class RequestTest extends CommandOf<RequestTestData, Target> {}
export class RecordTestResult extends CommandOf<RecordTestResultData, Target> {}
export class OverrideContraindication extends CommandOf<OverrideContraindicationData, Target> {}
export class ConcludeConsultation extends CommandOf<ConcludeConsultationData, Target> {}
export class SignConsent extends CommandOf<SignConsentData, Target> {}
export class WithdrawConsent extends CommandOf<WithdrawConsentData, Target> {}
export class CorrectConsultationEntry extends CommandOf<CorrectConsultationEntryData, EntryTarget> {}
export class RetractConsultationEntry extends CommandOf<RetractConsultationEntryData, EntryTarget> {}

export const CONSULTATION_HANDLERS = [
  handle(HoldConsultation, ConsultationService, (service, { meta, data }) => service.hold(meta, data)),
  handle(NoteConsultation, ConsultationService, (service, { meta, target, data }) =>
    service.note(meta, target.consultation, data),
  ),
  handle(AnswerQuestionnaire, ConsultationService, (service, { meta, target, data }) =>
    service.answer(meta, target.consultation, data),
  ),
  handle(ConsiderProducts, ConsultationService, (service, { meta, target, data }) =>
    service.considerProducts(meta, target.consultation, data),
  ),
  handle(RequestTest, ConsultationService, (service, { meta, target, data }) =>
    service.requestTest(meta, target.consultation, data),
  ),
  handle(RecordTestResult, ConsultationService, (service, { meta, target, data }) =>
    service.recordTestResult(meta, target.consultation, data),
  ),
  handle(OverrideContraindication, ConsultationService, (service, { meta, target, data }) =>
    service.override(meta, target.consultation, data),
  ),
  handle(ConcludeConsultation, ConsultationService, (service, { meta, target, data }) =>
    service.conclude(meta, target.consultation, data),
  ),
  handle(SignConsent, ConsultationService, (service, { meta, target, data }) =>
    service.signConsent(meta, target.consultation, data),
  ),
  handle(WithdrawConsent, ConsultationService, (service, { meta, target, data }) =>
    service.withdrawConsent(meta, target.consultation, data),
  ),
  handle(CorrectConsultationEntry, ConsultationEntryService, (service, { meta, target, data }) =>
    service.correct(meta, target.consultation, target.event, data),
  ),
  handle(RetractConsultationEntry, ConsultationEntryService, (service, { meta, target, data }) =>
    service.retract(meta, target.consultation, target.event, data),
  ),
];
