import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type {
  ConfirmErasureData,
  DeclineErasureData,
  LiftLegalHoldData,
  RequestErasureData,
  SetLegalHoldData,
} from './erasure.commands.js';
import { ErasureService } from './erasure.service.js';

interface OfPatient {
  readonly patient: string;
}

export class RequestErasure extends CommandOf<RequestErasureData, OfPatient> {}
export class ConfirmErasure extends CommandOf<ConfirmErasureData, OfPatient> {}
export class DeclineErasure extends CommandOf<DeclineErasureData, OfPatient> {}
export class SetLegalHold extends CommandOf<SetLegalHoldData, OfPatient> {}
export class LiftLegalHold extends CommandOf<LiftLegalHoldData, OfPatient & { readonly hold: string }> {}

export const ERASURE_HANDLERS = [
  handle(RequestErasure, ErasureService, (erasures, { meta, target, data }) =>
    erasures.request(meta, target.patient, data),
  ),
  handle(ConfirmErasure, ErasureService, (erasures, { meta, target, data }) =>
    erasures.confirm(meta, target.patient, data),
  ),
  handle(DeclineErasure, ErasureService, (erasures, { meta, target, data }) =>
    erasures.decline(meta, target.patient, data),
  ),
  handle(SetLegalHold, ErasureService, (erasures, { meta, target, data }) =>
    erasures.setHold(meta, target.patient, data),
  ),
  handle(LiftLegalHold, ErasureService, (erasures, { meta, target, data }) =>
    erasures.liftHold(meta, target.patient, target.hold, data),
  ),
];
