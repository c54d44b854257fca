import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type {
  concludeConsultationSchema,
  holdConsultationSchema,
  signConsentSchema,
  withdrawConsentSchema,
} from './consultation.commands.js';
import { ConsultationService } from './consultation.service.js';

interface Target {
  readonly consultation: string;
}

export class HoldConsultation extends CommandOf<z.infer<typeof holdConsultationSchema>> {}
export class ConcludeConsultation extends CommandOf<z.infer<typeof concludeConsultationSchema>, Target> {}
export class SignConsent extends CommandOf<z.infer<typeof signConsentSchema>, Target> {}
export class WithdrawConsent extends CommandOf<z.infer<typeof withdrawConsentSchema>, Target> {}

export const CONSULTATION_HANDLERS = [
  handle(HoldConsultation, ConsultationService, (service, { meta, data }) => service.hold(meta, data)),
  handle(ConcludeConsultation, ConsultationService, (service, { meta, target, data }) =>
    service.conclude(meta, target.consultation, data),
  ),
  handle(SignConsent, ConsultationService, (service, { meta, target, data }) =>
    service.signConsent(meta, target.consultation, data),
  ),
  handle(WithdrawConsent, ConsultationService, (service, { meta, target, data }) =>
    service.withdrawConsent(meta, target.consultation, data),
  ),
];
