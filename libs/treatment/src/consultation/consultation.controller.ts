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
  type AnswerQuestionnaireData,
  answerQuestionnaireSchema,
  type ConcludeConsultationData,
  concludeConsultationSchema,
  type ConsiderProductsData,
  considerProductsSchema,
  type CorrectConsultationEntryData,
  correctConsultationEntrySchema,
  type HoldConsultationData,
  holdConsultationSchema,
  type NoteConsultationData,
  noteConsultationSchema,
  type OverrideContraindicationData,
  overrideContraindicationSchema,
  type RecordTestResultData,
  recordTestResultSchema,
  type RequestTestData,
  requestTestSchema,
  type RetractConsultationEntryData,
  retractConsultationEntrySchema,
  type SignConsentData,
  signConsentSchema,
  type WithdrawConsentData,
  withdrawConsentSchema,
} from './consultation.commands.js';
import { consultationViewSchema } from './consultation.contract.js';
import {
  AnswerQuestionnaire,
  ConcludeConsultation,
  ConsiderProducts,
  CorrectConsultationEntry,
  HoldConsultation,
  NoteConsultation,
  OverrideContraindication,
  RecordTestResult,
  RequestTest,
  RetractConsultationEntry,
  SignConsent,
  WithdrawConsent,
} from './consultation.handlers.js';
import { type HistoryParams, historyShape } from '../history/history.params.js';
import { ConsultationQuery } from './consultation.query.js';

const consultationParamsSchema = queryOf(historyShape);

@ApiTags('consultations')
@Controller('v1/consultations')
export class ConsultationController {
  constructor(
    private readonly bus: CommandBus,
    private readonly consultations: ConsultationQuery,
  ) {}

  @Get(':consultation')
  @QueryEndpoint({
    id: 'getConsultation',
    may: 'record.read',
    at: 'path.consultation',
    summary: 'A consultation as it stands, and what is still missing for a clearance',
    answer: consultationViewSchema,
    reads: ConsultationQuery.reads,
    revisioned: true,
  })
  detail(
    @InChain() chain: Chain,
    @Param('consultation') consultation: string,
    @Query({ schema: consultationParamsSchema }) params: HistoryParams,
  ) {
    return this.consultations.detail(chain, consultation, params);
  }

  @Post()
  @CommandEndpoint({
    id: 'holdConsultation',
    may: 'record.write',
    at: ['body.patient', 'body.site'],
    summary: 'Record a consultation (S2-V1, S3-V1)',
    creates: true,
  })
  hold(
    @Meta() meta: CommandMeta,
    @Body({ schema: holdConsultationSchema }) data: HoldConsultationData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new HoldConsultation(meta, data, undefined));
  }

  @Post(':consultation/notes')
  @CommandEndpoint({
    id: 'noteConsultation',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Note what was said or found, by topic (S2-V1, S3-V1)',
    description: 'A topic that was noted before is noted anew; the history keeps both.',
  })
  note(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: noteConsultationSchema }) data: NoteConsultationData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new NoteConsultation(meta, data, { consultation }));
  }

  @Post(':consultation/questionnaire')
  @CommandEndpoint({
    id: 'answerQuestionnaire',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Record answers to the health questionnaire (S0-C1 to S0-C8, S4-C1)',
    description:
      'A yes is knowledge about the patient: it goes into the health record, with the day since when it is so.',
  })
  answer(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: answerQuestionnaireSchema }) data: AnswerQuestionnaireData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new AnswerQuestionnaire(meta, data, { consultation }));
  }

  @Post(':consultation/products')
  @CommandEndpoint({
    id: 'considerProducts',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Name the planned products, whose ingredients allergies are checked against (S0-C5, S4-C1)',
    description:
      'All of them at once. Ingredients are those of the named lot, else those of the latest lots of the product, with those that are given; of a product that nobody knows, those of the protocol.',
  })
  considerProducts(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: considerProductsSchema }) data: ConsiderProductsData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ConsiderProducts(meta, data, { consultation }));
  }

  @Post(':consultation/tests')
  @CommandEndpoint({
    id: 'requestTest',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Ask for a test (S3-L1)',
  })
  requestTest(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: requestTestSchema }) data: RequestTestData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RequestTest(meta, data, { consultation }));
  }

  @Post(':consultation/tests/results')
  @CommandEndpoint({
    id: 'recordTestResult',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Record the result of a test (S3-L1)',
  })
  recordTestResult(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: recordTestResultSchema }) data: RecordTestResultData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RecordTestResult(meta, data, { consultation }));
  }

  @Post(':consultation/overrides')
  @CommandEndpoint({
    id: 'overrideContraindication',
    may: 'record.decide',
    at: 'path.consultation',
    summary: 'Accept a contraindication that was found, by a physician and in writing, where the protocol allows it',
  })
  override(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: overrideContraindicationSchema }) data: OverrideContraindicationData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new OverrideContraindication(meta, data, { consultation }));
  }

  @Post(':consultation/conclusion')
  @CommandEndpoint({
    id: 'concludeConsultation',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Conclude it: cleared, deferred or refused',
    description: 'One that was deferred may be concluded anew. What a clearance lacks is told all at once.',
  })
  conclude(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: concludeConsultationSchema }) data: ConcludeConsultationData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new ConcludeConsultation(meta, data, { consultation }));
  }

  @Post(':consultation/consents')
  @CommandEndpoint({
    id: 'signConsent',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Record a consent: a signature under one exact version of a form, for one procedure',
  })
  signConsent(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: signConsentSchema }) data: SignConsentData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new SignConsent(meta, data, { consultation }));
  }

  @Post(':consultation/consents/withdraw')
  @CommandEndpoint({
    id: 'withdrawConsent',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Record that a consent was withdrawn',
  })
  withdrawConsent(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Body({ schema: withdrawConsentSchema }) data: WithdrawConsentData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new WithdrawConsent(meta, data, { consultation }));
  }

  @Post(':consultation/entries/:event/correct')
  @CommandEndpoint({
    id: 'correctConsultationEntry',
    may: 'record.write',
    at: ['path.consultation', 'body.data.site?'],
    decides: ['data.type=ContraindicationOverridden'],
    summary: 'Correct an entry: say the whole of it anew, and why',
    description: 'Nothing is edited: the history shows both, every answer the corrected one.',
  })
  correct(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Param('event') event: string,
    @Body({ schema: correctConsultationEntrySchema }) data: CorrectConsultationEntryData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CorrectConsultationEntry(meta, data, { consultation, event }));
  }

  @Post(':consultation/entries/:event/retract')
  @CommandEndpoint({
    id: 'retractConsultationEntry',
    may: 'record.write',
    at: 'path.consultation',
    summary: 'Take an entry back that never happened, or one correction of an entry, and say why',
  })
  retract(
    @Meta() meta: CommandMeta,
    @Param('consultation') consultation: string,
    @Param('event') event: string,
    @Body({ schema: retractConsultationEntrySchema }) data: RetractConsultationEntryData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RetractConsultationEntry(meta, data, { consultation, event }));
  }
}
