import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { patientSummarySchema, patientViewSchema } from '../directory/directory.contract.js';
import {
  patientSearchSchema,
  PatientsQuery,
  type PatientsParams,
  patientsParamsSchema,
} from '../directory/patients.query.js';
import { queryOf } from '#libs/http/src/validation.js';
import { patientTimelineSchema } from './patient-timeline/patient-timeline.contract.js';
import type { z } from 'zod';
import { asksForHistory, type HistoryParams, historyShape } from '../history/history.params.js';
import { PatientsAtQuery } from '../history/patients-at.query.js';
import {
  PatientTimelineQuery,
  type TimelineParams,
  timelineParamsSchema,
} from './patient-timeline/patient-timeline.query.js';
import { patientPersonSchema, personHealthSchema } from './person.contract.js';
import { type PersonHealthParams, personHealthParamsSchema, personParamsSchema, PersonQuery } from './person.query.js';

@ApiTags('patients')
@Controller('v1/patients')
export class PatientQueriesController {
  constructor(
    private readonly patients: PatientsQuery,
    private readonly patientsAt: PatientsAtQuery,
    private readonly timeline: PatientTimelineQuery,
    private readonly persons: PersonQuery,
  ) {}

  @Get()
  @QueryEndpoint({
    id: 'listPatients',
    may: 'patient.read',
    at: 'query.site',
    summary: 'The patients',
    answer: pageSchemaOf(patientSummarySchema),
    discloses: 'patients',
    reads: PatientsQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: patientsParamsSchema }) params: PatientsParams) {
    return this.patients.list(chain, params);
  }

  @Post('search')
  @QueryEndpoint({
    id: 'searchPatients',
    may: 'patient.read',
    at: 'query.site',
    summary: 'The patients with a code or family name',
    description: 'Asked in the body: what is searched for may be a name, and addresses end up in histories and logs.',
    answer: pageSchemaOf(patientSummarySchema),
    discloses: 'patients',
    reads: PatientsQuery.reads,
  })
  search(
    @InChain() chain: Chain,
    @Query({ schema: patientsParamsSchema }) params: PatientsParams,
    @Body({ schema: patientSearchSchema }) { search }: z.output<typeof patientSearchSchema>,
  ) {
    return this.patients.list(chain, params, search);
  }

  @Get(':patient')
  @QueryEndpoint({
    id: 'getPatient',
    may: 'patient.read',
    at: 'path.patient',
    hides: { fields: ['health'], unless: 'record.read' },
    summary: 'Everything about one patient, now or as it was known',
    answer: patientViewSchema,
    discloses: 'patients',
    reads: PatientsQuery.reads,
    revisioned: true,
  })
  detail(
    @InChain() chain: Chain,
    @Param('patient') patient: string,
    @Query({ schema: queryOf(historyShape) }) params: HistoryParams,
  ) {
    return asksForHistory(params)
      ? this.patientsAt.detail(chain, patient, params)
      : this.patients.detail(chain, patient);
  }

  @Get(':patient/person')
  @QueryEndpoint({
    id: 'getPatientPerson',
    may: 'record.read',
    at: 'path.patient',
    summary: 'The registrations that are one person with this one',
    answer: patientPersonSchema,
    reads: PersonQuery.reads,
  })
  person(
    @InChain() chain: Chain,
    @Param('patient') patient: string,
    @Query({ schema: personParamsSchema }) params: HistoryParams,
  ) {
    return this.persons.person(chain, patient, params);
  }

  @Get(':patient/health')
  @QueryEndpoint({
    id: 'getPatientHealth',
    may: 'record.read',
    at: 'path.patient',
    summary: 'What holds of the person’s health on a day, over all registrations',
    description: 'With everything that was learned one by one, and since when it holds.',
    answer: personHealthSchema,
    reads: PersonQuery.reads,
  })
  health(
    @InChain() chain: Chain,
    @Param('patient') patient: string,
    @Query({ schema: personHealthParamsSchema }) params: PersonHealthParams,
  ) {
    return this.persons.health(chain, patient, params);
  }

  @Get(':patient/timeline')
  @QueryEndpoint({
    id: 'getPatientTimeline',
    may: 'record.read',
    at: 'path.patient',
    summary: 'What happened to one patient, and when it was recorded',
    answer: patientTimelineSchema,
    reads: PatientTimelineQuery.reads,
  })
  events(
    @InChain() chain: Chain,
    @Param('patient') patient: string,
    @Query({ schema: timelineParamsSchema }) params: TimelineParams,
  ) {
    return this.timeline.list(chain, patient, params);
  }
}
