import { Body, Controller, Param, Post, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { changeContactPreferenceSchema, recordHealthSchema, registerPatientSchema } from './patient.commands.js';
import { ChangeContactPreference, RecordHealth, RegisterPatient } from './patient.handlers.js';

@ApiTags('patients')
@Controller('v1/patients')
export class PatientController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({ id: 'registerPatient', summary: 'Register a patient', creates: true })
  register(
    @Meta() meta: CommandMeta,
    @Body({ schema: registerPatientSchema }) data: z.infer<typeof registerPatientSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RegisterPatient(meta, data, undefined));
  }

  @Put(':patient/contact-preference')
  @CommandEndpoint({
    id: 'changeContactPreference',
    summary: 'Change language, channel and consent to be contacted',
    description: 'In force at once for everything that has not left yet.',
  })
  changeContactPreference(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: changeContactPreferenceSchema }) data: z.infer<typeof changeContactPreferenceSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ChangeContactPreference(meta, data, { patient }));
  }

  @Put(':patient/health')
  @CommandEndpoint({ id: 'recordHealth', summary: 'Record what is known of allergies, conditions and medications' })
  recordHealth(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: recordHealthSchema }) data: z.infer<typeof recordHealthSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RecordHealth(meta, data, { patient }));
  }
}
