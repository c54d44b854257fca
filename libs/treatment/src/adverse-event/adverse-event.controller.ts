import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import {
  assessAdverseEventSchema,
  closeAdverseEventSchema,
  reopenAdverseEventSchema,
  reportAdverseEventSchema,
  reportToAuthoritySchema,
} from './adverse-event.commands.js';
import {
  AssessAdverseEvent,
  CloseAdverseEvent,
  ReopenAdverseEvent,
  ReportAdverseEvent,
  ReportAdverseEventToAuthority,
} from './adverse-event.handlers.js';

@ApiTags('adverse events')
@Controller('v1/patients/:patient/adverse-events')
export class AdverseEventController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({
    id: 'reportAdverseEvent',
    may: 'record.write',
    at: ['path.patient', 'body.site'],
    summary: 'Report an adverse event (S4-R2)',
    description:
      'It has an owner and a last day for the report to the authority, and blocks sessions of the person until a physician has closed it.',
    creates: '/v1/adverse-events/:id',
  })
  report(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: reportAdverseEventSchema }) data: z.infer<typeof reportAdverseEventSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ReportAdverseEvent(meta, data, { patient }));
  }

  @Post(':adverseEvent/assess')
  @CommandEndpoint({
    id: 'assessAdverseEvent',
    may: 'record.write',
    at: 'path.patient',
    summary: 'Judge severity and causality (WHO-UMC), and say what was done',
    description: 'What is worse than it seemed may bring the last day for the report forward.',
  })
  assess(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('adverseEvent') adverseEvent: string,
    @Body({ schema: assessAdverseEventSchema }) data: z.infer<typeof assessAdverseEventSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new AssessAdverseEvent(meta, data, { patient, adverseEvent }));
  }

  @Post(':adverseEvent/report-to-authority')
  @CommandEndpoint({
    id: 'reportAdverseEventToAuthority',
    may: 'record.write',
    at: 'path.patient',
    summary: 'Record that the authority was told',
  })
  reportToAuthority(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('adverseEvent') adverseEvent: string,
    @Body({ schema: reportToAuthoritySchema }) data: z.infer<typeof reportToAuthoritySchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ReportAdverseEventToAuthority(meta, data, { patient, adverseEvent }));
  }

  @Post(':adverseEvent/close')
  @CommandEndpoint({
    id: 'closeAdverseEvent',
    may: 'record.decide',
    at: 'path.patient',
    summary: 'Close an adverse event',
    description: 'By a physician only. One that a follow-up found is closed by the id of the follow-up.',
  })
  close(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('adverseEvent') adverseEvent: string,
    @Body({ schema: closeAdverseEventSchema }) data: z.infer<typeof closeAdverseEventSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CloseAdverseEvent(meta, data, { patient, adverseEvent }));
  }

  @Post(':adverseEvent/reopen')
  @CommandEndpoint({
    id: 'reopenAdverseEvent',
    may: 'record.write',
    at: 'path.patient',
    summary: 'Open a closed adverse event again',
  })
  reopen(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('adverseEvent') adverseEvent: string,
    @Body({ schema: reopenAdverseEventSchema }) data: z.infer<typeof reopenAdverseEventSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ReopenAdverseEvent(meta, data, { patient, adverseEvent }));
  }
}
