import { Body, Controller, Param, Post, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { correctPatientEntrySchema, retractPatientEntrySchema } from './patient-entry.commands.js';
import {
  changeContactPreferenceSchema,
  endHealthFactSchema,
  happenedOnSchema,
  linkPatientSchema,
  nameGuardianSchema,
  recordHealthFactSchema,
  recordHealthSchema,
  registerPatientSchema,
  undoLinkSchema,
} from './patient.commands.js';
import {
  ChangeContactPreference,
  CorrectPatientEntry,
  EndHealthFact,
  LinkPatient,
  NameGuardian,
  RecordDeath,
  RecordHealth,
  RecordHealthFact,
  RecordMoveAway,
  RecordReturn,
  RegisterPatient,
  RetractPatientEntry,
  UndoPatientLink,
} from './patient.handlers.js';

@ApiTags('patients')
@Controller('v1/patients')
export class PatientController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({
    id: 'registerPatient',
    may: 'patient.register',
    at: 'body.site?',
    summary: 'Register a patient',
    creates: true,
  })
  register(
    @Meta() meta: CommandMeta,
    @Body({ schema: registerPatientSchema }) data: z.infer<typeof registerPatientSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RegisterPatient(meta, data, undefined));
  }

  @Put(':patient/contact-preference')
  @CommandEndpoint({
    id: 'changeContactPreference',
    may: 'patient.contact',
    at: 'path.patient',
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
  @CommandEndpoint({
    id: 'recordHealth',
    may: 'record.write',
    at: 'path.patient',
    summary: 'Record what is known of allergies, conditions and medications',
  })
  recordHealth(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: recordHealthSchema }) data: z.infer<typeof recordHealthSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RecordHealth(meta, data, { patient }));
  }

  @Post(':patient/health-facts')
  @CommandEndpoint({
    id: 'recordHealthFact',
    may: 'record.write',
    at: 'path.patient',
    summary: 'Record something about the patient’s health that was learned, whenever that was',
    description:
      'At any time, with the days on which it holds (S0-C1, S0-C7). Answers the id of the fact; what is on record already is not recorded again.',
    creates: true,
  })
  recordHealthFact(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: recordHealthFactSchema }) data: z.infer<typeof recordHealthFactSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RecordHealthFact(meta, data, { patient }));
  }

  @Post(':patient/health-facts/:fact/end')
  @CommandEndpoint({
    id: 'endHealthFact',
    may: 'record.write',
    at: 'path.patient',
    summary: 'Record the last day on which a health fact holds',
  })
  endHealthFact(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('fact') fact: string,
    @Body({ schema: endHealthFactSchema }) data: z.infer<typeof endHealthFactSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new EndHealthFact(meta, data, { patient, fact }));
  }

  @Post(':patient/links')
  @CommandEndpoint({
    id: 'linkPatient',
    may: 'patient.register',
    at: ['path.patient', 'body.patient'],
    summary: 'Say that another registration is the same person',
    description:
      'Intervals, contraindications, allergies and open adverse events hold for the person from then on. Nothing is rewritten. Answers the id of the link.',
    creates: true,
  })
  link(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: linkPatientSchema }) data: z.infer<typeof linkPatientSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new LinkPatient(meta, data, { patient }));
  }

  @Post(':patient/links/:link/undo')
  @CommandEndpoint({
    id: 'undoPatientLink',
    may: 'patient.register',
    at: 'path.patient',
    summary: 'Undo a link',
    description: 'Each registration is what it was before.',
  })
  undoLink(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('link') link: string,
    @Body({ schema: undoLinkSchema }) data: z.infer<typeof undoLinkSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new UndoPatientLink(meta, data, { patient, link }));
  }

  @Post(':patient/guardian')
  @CommandEndpoint({
    id: 'nameGuardian',
    may: 'patient.register',
    at: 'path.patient',
    summary: 'Name who consents for a patient under age',
  })
  nameGuardian(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: nameGuardianSchema }) data: z.infer<typeof nameGuardianSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new NameGuardian(meta, data, { patient }));
  }

  @Post(':patient/died')
  @CommandEndpoint({
    id: 'recordDeath',
    may: 'patient.register',
    at: 'path.patient',
    summary: 'Record that the patient died',
  })
  recordDeath(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: happenedOnSchema }) data: z.infer<typeof happenedOnSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RecordDeath(meta, data, { patient }));
  }

  @Post(':patient/moved-away')
  @CommandEndpoint({
    id: 'recordMoveAway',
    may: 'patient.register',
    at: 'path.patient',
    summary: 'Record that the patient moved away',
  })
  recordMoveAway(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: happenedOnSchema }) data: z.infer<typeof happenedOnSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RecordMoveAway(meta, data, { patient }));
  }

  @Post(':patient/returned')
  @CommandEndpoint({
    id: 'recordReturn',
    may: 'patient.register',
    at: 'path.patient',
    summary: 'Record that the patient is back',
    description: 'Under every registration of the person.',
  })
  recordReturn(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: happenedOnSchema }) data: z.infer<typeof happenedOnSchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RecordReturn(meta, data, { patient }));
  }

  @Post(':patient/entries/:event/correct')
  @CommandEndpoint({
    id: 'correctPatientEntry',
    may: 'record.write',
    at: ['path.patient', 'body.data.site?'],
    decides: ['data.physician'],
    summary: 'Say an entry of the patient’s record anew',
    description:
      'By the id of its event. Histories show both, read models the corrected; what the entry is about stays the same.',
  })
  correctEntry(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('event') event: string,
    @Body({ schema: correctPatientEntrySchema }) data: z.infer<typeof correctPatientEntrySchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CorrectPatientEntry(meta, data, { patient, event }));
  }

  @Post(':patient/entries/:event/retract')
  @CommandEndpoint({
    id: 'retractPatientEntry',
    may: 'record.write',
    at: 'path.patient',
    decides: ['physician'],
    summary: 'Take back an entry of the patient’s record, or a correction of one',
    description:
      'The report of an adverse event that is open, or its opening again, is taken back by a named physician.',
  })
  retractEntry(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('event') event: string,
    @Body({ schema: retractPatientEntrySchema }) data: z.infer<typeof retractPatientEntrySchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RetractPatientEntry(meta, data, { patient, event }));
  }
}
