import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { grantCredentialSchema, registerPractitionerSchema } from './practitioner.commands.js';
import { PractitionerService } from './practitioner.service.js';

export class RegisterPractitioner extends CommandOf<z.infer<typeof registerPractitionerSchema>> {}
export class GrantCredential extends CommandOf<z.infer<typeof grantCredentialSchema>, { practitioner: string }> {}

export const PRACTITIONER_HANDLERS = [
  handle(RegisterPractitioner, PractitionerService, (practitioners, { meta, data }) =>
    practitioners.register(meta, data),
  ),
  handle(GrantCredential, PractitionerService, (practitioners, { meta, target, data }) =>
    practitioners.grantCredential(meta, target.practitioner, data),
  ),
];
