import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { queryOf } from '#libs/http/src/validation.js';
import {
  type ConfirmErasureData,
  confirmErasureSchema,
  type DeclineErasureData,
  declineErasureSchema,
  type LiftLegalHoldData,
  liftLegalHoldSchema,
  type RequestErasureData,
  requestErasureSchema,
  type SetLegalHoldData,
  setLegalHoldSchema,
} from './erasure.commands.js';
import { ConfirmErasure, DeclineErasure, LiftLegalHold, RequestErasure, SetLegalHold } from './erasure.handlers.js';
import {
  type ErasureListParams,
  erasureListParamsSchema,
  erasureListSchema,
  type ErasureProposalsParams,
  erasureProposalsParamsSchema,
  erasureProposalsSchema,
  patientErasureSchema,
} from './erasure.views.js';
import { ErasuresQuery } from './erasures.query.js';

@ApiTags('erasure')
@Controller('v1/patients/:patient')
export class PatientErasureController {
  constructor(
    private readonly bus: CommandBus,
    private readonly erasures: ErasuresQuery,
  ) {}

  @Get('erasure')
  @QueryEndpoint({
    id: 'getPatientErasure',
    may: 'patient.read',
    at: 'path.patient',
    summary: 'Whether a patient is, may be or is to be erased, and how far it has come',
    description:
      'Answered from the events themselves. `final` once the key is destroyed that wrapped the person’s keys; `todo` says what an operator has to do for that, where Pistor may not.',
    answer: patientErasureSchema,
    reads: [],
  })
  ofPatient(
    @InChain() chain: Chain,
    @Param('patient') patient: string,
    @Query({ schema: queryOf({}) }) _params: object,
  ) {
    return this.erasures.ofPatient(chain, patient);
  }

  @Post('erasure-requests')
  @CommandEndpoint({
    id: 'requestErasure',
    may: 'erasure.propose',
    at: 'path.patient',
    summary: 'Ask for the erasure of a patient, as the first of two people',
    description:
      'Refused under a legal hold, and before the record need not be kept any more at any site where the person was seen. The words of the reason go with the person.',
    creates: true,
  })
  request(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: requestErasureSchema }) data: RequestErasureData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RequestErasure(meta, data, { patient }));
  }

  @Post('erasure-requests/confirm')
  @CommandEndpoint({
    id: 'confirmErasure',
    may: 'erasure.confirm',
    at: 'path.patient',
    summary: 'Erase a patient, as the second of two people',
    description:
      'By somebody else than who asked for it. Every registration of the person is erased; when this is answered, nothing of them can be read. It cannot be undone.',
  })
  confirm(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: confirmErasureSchema }) data: ConfirmErasureData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ConfirmErasure(meta, data, { patient }));
  }

  @Post('erasure-requests/decline')
  @CommandEndpoint({
    id: 'declineErasure',
    may: 'erasure.propose',
    at: 'path.patient',
    summary: 'Say that a patient is not to be erased, or take a request back',
  })
  decline(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: declineErasureSchema }) data: DeclineErasureData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new DeclineErasure(meta, data, { patient }));
  }

  @Post('legal-holds')
  @CommandEndpoint({
    id: 'setLegalHold',
    may: 'erasure.propose',
    at: 'path.patient',
    summary: 'Keep a patient’s record from being erased: a court, an authority or a claim needs it',
    creates: true,
  })
  setHold(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: setLegalHoldSchema }) data: SetLegalHoldData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SetLegalHold(meta, data, { patient }));
  }

  @Post('legal-holds/:hold/lift')
  @CommandEndpoint({
    id: 'liftLegalHold',
    may: 'erasure.confirm',
    at: 'path.patient',
    summary: 'Lift a legal hold',
  })
  liftHold(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Param('hold') hold: string,
    @Body({ schema: liftLegalHoldSchema }) data: LiftLegalHoldData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new LiftLegalHold(meta, data, { patient, hold }));
  }
}

@ApiTags('erasure')
@Controller('v1/erasure')
export class ErasuresController {
  constructor(private readonly erasures: ErasuresQuery) {}

  @Get('requests')
  @QueryEndpoint({
    id: 'listErasures',
    may: 'erasure.propose',
    at: 'chain',
    summary: 'Every erasure that was asked for, newest first, and what became of it',
    answer: erasureListSchema,
    reads: ErasuresQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: erasureListParamsSchema }) params: ErasureListParams) {
    return this.erasures.list(chain, params);
  }

  @Get('proposals')
  @QueryEndpoint({
    id: 'listErasureProposals',
    may: 'erasure.propose',
    at: 'chain',
    summary: 'Patients whose record need not be kept any more',
    description:
      'Nobody is erased by themselves: two people decide. Those for whom an erasure waits already are left out. A page may hold nobody and still have a next one.',
    answer: erasureProposalsSchema,
    reads: [...ErasuresQuery.reads, ...ErasuresQuery.proposalReads],
  })
  proposals(@InChain() chain: Chain, @Query({ schema: erasureProposalsParamsSchema }) params: ErasureProposalsParams) {
    return this.erasures.proposals(chain, params);
  }
}
