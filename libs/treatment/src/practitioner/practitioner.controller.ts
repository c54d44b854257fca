import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { grantCredentialSchema, registerPractitionerSchema } from './practitioner.commands.js';
import { GrantCredential, RegisterPractitioner } from './practitioner.handlers.js';

@ApiTags('practitioners')
@Controller('v1/practitioners')
export class PractitionerController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({ id: 'registerPractitioner', summary: 'Register a practitioner', creates: true })
  register(
    @Meta() meta: CommandMeta,
    @Body({ schema: registerPractitionerSchema }) data: z.infer<typeof registerPractitionerSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RegisterPractitioner(meta, data, undefined));
  }

  @Post(':practitioner/credentials')
  @CommandEndpoint({ id: 'grantCredential', summary: 'Grant a credential for procedures (S2-Q1)' })
  grantCredential(
    @Meta() meta: CommandMeta,
    @Param('practitioner') practitioner: string,
    @Body({ schema: grantCredentialSchema }) data: z.infer<typeof grantCredentialSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new GrantCredential(meta, data, { practitioner }));
  }
}
