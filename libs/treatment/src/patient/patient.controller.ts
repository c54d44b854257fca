import { Body, Controller, Param, Post, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import { commandAnswer, type CommandAnswer } from '#libs/http/src/command-answer.js';
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
  async register(@Meta() meta: CommandMeta, @Body({ schema: registerPatientSchema }) data: z.infer<typeof registerPatientSchema>): Promise<CommandAnswer> {
    const { id, ...result } = await this.bus.execute(new RegisterPatient(meta, data, undefined));
    return commandAnswer(id, result);
  }

  @Put(':patient/contact-preference')
  @CommandEndpoint({ id: 'changeContactPreference', summary: 'Change language, channel and consent to be contacted', description: 'In force at once for everything that has not left yet.' })
  async changeContactPreference(@Meta() meta: CommandMeta, @Param('patient') patient: string, @Body({ schema: changeContactPreferenceSchema }) data: z.infer<typeof changeContactPreferenceSchema>): Promise<CommandAnswer> {
    const { id, ...result } = await this.bus.execute(new ChangeContactPreference(meta, data, { patient }));
    return commandAnswer(id, result);
  }

  @Put(':patient/health')
  @CommandEndpoint({ id: 'recordHealth', summary: 'Record what is known of allergies, conditions and medications' })
  async recordHealth(@Meta() meta: CommandMeta, @Param('patient') patient: string, @Body({ schema: recordHealthSchema }) data: z.infer<typeof recordHealthSchema>): Promise<CommandAnswer> {
    const { id, ...result } = await this.bus.execute(new RecordHealth(meta, data, { patient }));
    return commandAnswer(id, result);
  }
}
