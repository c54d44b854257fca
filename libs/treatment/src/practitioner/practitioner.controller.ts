import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { allowedPractitionerSchema, practitionerCredentialsSchema } from './credentials.contract.js';
import {
  type AllowedParams,
  allowedParamsSchema,
  CredentialsQuery,
  type PractitionerCredentialsParams,
  practitionerCredentialsParamsSchema,
} from './credentials.query.js';
import {
  type CorrectCredentialEntryData,
  correctCredentialEntrySchema,
  type GrantCredentialData,
  grantCredentialSchema,
  type RegisterPractitionerData,
  registerPractitionerSchema,
  type RetractCredentialEntryData,
  retractCredentialEntrySchema,
  type RevokeCredentialData,
  revokeCredentialSchema,
} from './practitioner.commands.js';
import {
  CorrectCredentialEntry,
  GrantCredential,
  RegisterPractitioner,
  RetractCredentialEntry,
  RevokeCredential,
} from './practitioner.handlers.js';

@ApiTags('practitioners')
@Controller('v1')
export class PractitionerController {
  constructor(
    private readonly bus: CommandBus,
    private readonly credentials: CredentialsQuery,
  ) {}

  @Post('practitioners')
  @CommandEndpoint({
    id: 'registerPractitioner',
    may: 'practitioner.write',
    at: 'chain',
    summary: 'Register a practitioner',
    creates: true,
  })
  register(
    @Meta() meta: CommandMeta,
    @Body({ schema: registerPractitionerSchema }) data: RegisterPractitionerData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RegisterPractitioner(meta, data, undefined));
  }

  @Get('practitioners/:practitioner/credentials')
  @QueryEndpoint({
    id: 'getPractitionerCredentials',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'What a practitioner was allowed to carry out on a day, and by which entries (S2-Q1)',
    answer: practitionerCredentialsSchema,
    reads: CredentialsQuery.reads,
  })
  credentialsOf(
    @InChain() chain: Chain,
    @Param('practitioner') practitioner: string,
    @Query({ schema: practitionerCredentialsParamsSchema }) params: PractitionerCredentialsParams,
  ) {
    return this.credentials.of(chain, practitioner, params);
  }

  @Get('credentials')
  @QueryEndpoint({
    id: 'listAllowedPractitioners',
    may: 'chain.read',
    at: ['query.site?'],
    summary: 'Who was allowed to carry out a procedure on a day (S2-Q1)',
    description:
      'With a site, only those who have a session there on that day, so that an answer without them is one without a credential. `knownAt` shows the credentials that were on record then; the sessions are those on record now.',
    answer: pageSchemaOf(allowedPractitionerSchema),
    reads: CredentialsQuery.reads,
  })
  allowed(@InChain() chain: Chain, @Query({ schema: allowedParamsSchema }) params: AllowedParams) {
    return this.credentials.allowed(chain, params);
  }

  @Post('practitioners/:practitioner/credentials')
  @CommandEndpoint({
    id: 'grantCredential',
    may: 'practitioner.write',
    at: 'chain',
    summary: 'Grant a credential for procedures (S2-Q1)',
  })
  grantCredential(
    @Meta() meta: CommandMeta,
    @Param('practitioner') practitioner: string,
    @Body({ schema: grantCredentialSchema }) data: GrantCredentialData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new GrantCredential(meta, data, { practitioner }));
  }

  @Post('practitioners/:practitioner/credentials/revoke')
  @CommandEndpoint({
    id: 'revokeCredential',
    may: 'practitioner.write',
    at: 'chain',
    summary: 'Revoke credentials for procedures from a day on (S2-Q1)',
    description: 'Whatever was granted before ends with the day before; what is granted afterwards holds again.',
  })
  revokeCredential(
    @Meta() meta: CommandMeta,
    @Param('practitioner') practitioner: string,
    @Body({ schema: revokeCredentialSchema }) data: RevokeCredentialData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RevokeCredential(meta, data, { practitioner }));
  }

  @Post('practitioners/:practitioner/entries/:event/correct')
  @CommandEndpoint({
    id: 'correctCredentialEntry',
    may: 'practitioner.write',
    at: 'chain',
    summary: 'Correct a grant or a revocation: say it anew, and why',
  })
  correctEntry(
    @Meta() meta: CommandMeta,
    @Param('practitioner') practitioner: string,
    @Param('event') event: string,
    @Body({ schema: correctCredentialEntrySchema }) data: CorrectCredentialEntryData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CorrectCredentialEntry(meta, data, { practitioner, event }));
  }

  @Post('practitioners/:practitioner/entries/:event/retract')
  @CommandEndpoint({
    id: 'retractCredentialEntry',
    may: 'practitioner.write',
    at: 'chain',
    summary: 'Take a grant or a revocation back, or one correction of it, and say why',
  })
  retractEntry(
    @Meta() meta: CommandMeta,
    @Param('practitioner') practitioner: string,
    @Param('event') event: string,
    @Body({ schema: retractCredentialEntrySchema }) data: RetractCredentialEntryData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RetractCredentialEntry(meta, data, { practitioner, event }));
  }
}
