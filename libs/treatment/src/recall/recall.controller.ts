import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import type { z } from 'zod';
import {
  correctRecallEntrySchema,
  type CorrectRecallEntryData,
  liftRecallSchema,
  type LiftRecallData,
  recallLotSchema,
  type RecallLotData,
  retractRecallEntrySchema,
  tellPatientsSchema,
  type TellPatientsData,
} from './recall.commands.js';
import { CorrectRecallEntry, LiftRecall, RecallLot, RetractRecallEntry, TellPatients } from './recall.handlers.js';

@ApiTags('recalls')
@Controller('v1/recalls')
export class RecallController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({
    id: 'recallLot',
    may: 'recall.write',
    at: 'chain',
    summary: 'Recall a lot in the whole chain',
    description:
      'From its day on no session is performed with the lot, at any site, also where it is received later. The id ' +
      'follows from product and lot number: a lot has one recall, which may be lifted and said again.',
    creates: true,
  })
  recall(@Meta() meta: CommandMeta, @Body({ schema: recallLotSchema }) data: RecallLotData): Promise<CommandAnswer> {
    return this.bus.execute(new RecallLot(meta, data, undefined));
  }

  @Post(':recall/lift')
  @CommandEndpoint({
    id: 'liftRecall',
    may: 'recall.write',
    at: 'chain',
    summary: 'Lift a recall: from a day on the lot may be used again',
  })
  lift(
    @Meta() meta: CommandMeta,
    @Param('recall') recall: string,
    @Body({ schema: liftRecallSchema }) data: LiftRecallData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new LiftRecall(meta, data, { recall }));
  }

  @Post(':recall/told')
  @CommandEndpoint({
    id: 'tellRecallPatients',
    may: 'recall.write',
    at: 'chain',
    summary: 'Record which patients have been told of a recall',
    description: 'At most 200 at once; all of them are recorded, or nobody. Saying the same again adds nothing.',
  })
  told(
    @Meta() meta: CommandMeta,
    @Param('recall') recall: string,
    @Body({ schema: tellPatientsSchema }) data: TellPatientsData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new TellPatients(meta, data, { recall }));
  }

  @Post(':recall/entries/:entry/correct')
  @CommandEndpoint({
    id: 'correctRecallEntry',
    may: 'recall.write',
    at: 'chain',
    summary: 'Say an entry of a recall anew: the recall itself, its lifting, the telling of a patient',
    description: 'The entry stays in the history beside its correction. The reason is a code.',
  })
  correct(
    @Meta() meta: CommandMeta,
    @Param('recall') recall: string,
    @Param('entry') entry: string,
    @Body({ schema: correctRecallEntrySchema }) data: CorrectRecallEntryData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CorrectRecallEntry(meta, data, { recall, entry }));
  }

  @Post(':recall/entries/:entry/retract')
  @CommandEndpoint({
    id: 'retractRecallEntry',
    may: 'recall.write',
    at: 'chain',
    summary: 'Take an entry of a recall back that never happened',
  })
  retract(
    @Meta() meta: CommandMeta,
    @Param('recall') recall: string,
    @Param('entry') entry: string,
    @Body({ schema: retractRecallEntrySchema }) data: z.infer<typeof retractRecallEntrySchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RetractRecallEntry(meta, data, { recall, entry }));
  }
}
