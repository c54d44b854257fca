import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import {
  concludeConsultationSchema,
  holdConsultationSchema,
  signConsentSchema,
  withdrawConsentSchema,
} from './consultation.commands.js';
import { ConcludeConsultation, HoldConsultation, SignConsent, WithdrawConsent } from './consultation.handlers.js';

@ApiTags('consultations')
@Controller('v1/consultations')
export class ConsultationController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({ id: 'holdConsultation', summary: 'Record a consultation (S2-V1, S3-V1)', creates: true })
  hold(
    @Meta() meta: CommandMeta,
    @Body({ schema: holdConsultationSchema }) data: z.infer<typeof holdConsultationSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new HoldConsultation(meta, data, undefined));
  }

  @Post(':consultation/conclusion')
  @CommandEndpoint({ id: 'concludeConsultation', summary: 'Conclude it: cleared, deferred or refused' })
  conclude(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: concludeConsultationSchema }) data: z.infer<typeof concludeConsultationSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ConcludeConsultation(meta, data, { consultation }));
  }

  @Post(':consultation/consents')
  @CommandEndpoint({ id: 'signConsent', summary: 'Record a signed consent' })
  signConsent(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: signConsentSchema }) data: z.infer<typeof signConsentSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SignConsent(meta, data, { consultation }));
  }

  @Post(':consultation/consents/withdraw')
  @CommandEndpoint({ id: 'withdrawConsent', summary: 'Record that a consent was withdrawn' })
  withdrawConsent(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: withdrawConsentSchema }) data: z.infer<typeof withdrawConsentSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new WithdrawConsent(meta, data, { consultation }));
  }
}
