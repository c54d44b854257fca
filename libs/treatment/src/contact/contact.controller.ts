import { Body, Controller, Param, Post, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { chooseCategoriesSchema, setContactChoicesSchema } from './contact.commands.js';
import { OptPatientIn, OptPatientOut, SetContactChoices } from './contact.handlers.js';

@ApiTags('patients')
@Controller('v1/patients')
export class ContactController {
  constructor(private readonly bus: CommandBus) {}

  @Put(':patient/contact-choices')
  @CommandEndpoint({
    id: 'setContactChoices',
    may: 'patient.contact',
    at: 'path.patient',
    summary: 'Set the channel of each kind of message, and the zone in which the patient lives',
    description:
      'Kinds are clinical, appointment and recall; one without a channel follows the contact preference. Quiet hours go by the zone; without one, by that of the course’s site.',
  })
  setChoices(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: setContactChoicesSchema }) data: z.infer<typeof setContactChoicesSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetContactChoices(meta, data, { patient }));
  }

  @Post(':patient/opt-out')
  @CommandEndpoint({
    id: 'optPatientOut',
    may: 'patient.contact',
    at: 'path.patient',
    summary: 'Record that the patient wants no more messages of some kinds',
    description: 'In force at once for everything that has not left yet.',
  })
  optOut(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: chooseCategoriesSchema }) data: z.infer<typeof chooseCategoriesSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new OptPatientOut(meta, data, { patient }));
  }

  @Post(':patient/opt-in')
  @CommandEndpoint({
    id: 'optPatientIn',
    may: 'patient.contact',
    at: 'path.patient',
    summary: 'Record that the patient wants messages of some kinds again',
  })
  optIn(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: chooseCategoriesSchema }) data: z.infer<typeof chooseCategoriesSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new OptPatientIn(meta, data, { patient }));
  }
}
