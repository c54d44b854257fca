import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type {
  CorrectCredentialEntryData,
  GrantCredentialData,
  RegisterPractitionerData,
  RetractCredentialEntryData,
  RevokeCredentialData,
} from './practitioner.commands.js';
import { PractitionerService } from './practitioner.service.js';

interface Target {
  readonly practitioner: string;
}

interface EntryTarget extends Target {
  /** Id of the event. */
  readonly event: string;
}

export class RegisterPractitioner extends CommandOf<RegisterPractitionerData> {}
export class GrantCredential extends CommandOf<GrantCredentialData, Target> {}
export class RevokeCredential extends CommandOf<RevokeCredentialData, Target> {}
export class CorrectCredentialEntry extends CommandOf<CorrectCredentialEntryData, EntryTarget> {}
export class RetractCredentialEntry extends CommandOf<RetractCredentialEntryData, EntryTarget> {}

export const PRACTITIONER_HANDLERS = [
  handle(RegisterPractitioner, PractitionerService, (practitioners, { meta, data }) =>
    practitioners.register(meta, data),
  ),
  handle(GrantCredential, PractitionerService, (practitioners, { meta, target, data }) =>
    practitioners.grantCredential(meta, target.practitioner, data),
  ),
  handle(RevokeCredential, PractitionerService, (practitioners, { meta, target, data }) =>
    practitioners.revokeCredential(meta, target.practitioner, data),
  ),
  handle(CorrectCredentialEntry, PractitionerService, (practitioners, { meta, target, data }) =>
    practitioners.correctEntry(meta, target.practitioner, target.event, data),
  ),
  handle(RetractCredentialEntry, PractitionerService, (practitioners, { meta, target, data }) =>
    practitioners.retractEntry(meta, target.practitioner, target.event, data),
  ),
];
