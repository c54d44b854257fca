import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { CommandEndpoint } from '#libs/http/src/endpoint.decorators.js';
import type { z } from 'zod';
import {
  correctLotEntrySchema,
  type CorrectLotEntryData,
  openVialSchema,
  type OpenVialData,
  receiveLotSchema,
  type ReceiveLotData,
  retractLotEntrySchema,
  wasteLotSchema,
  type WasteLotData,
} from './lot.commands.js';
import { CorrectLotEntry, OpenVial, ReceiveLot, RetractLotEntry, WasteLot } from './lot.handlers.js';

@ApiTags('lots')
@Controller('v1/lots')
export class LotController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @CommandEndpoint({
    id: 'receiveLot',
    may: 'lot.write',
    at: 'body.site',
    summary: 'Receive a lot at a site',
    description:
      'What a scanner read from the package may stand in `scan` (GS1 element string, human readable form or Digital Link) ' +
      'in place of lot number, expiry, GTIN and serial number. A recalled lot is received all the same: sessions with it ' +
      'are refused, and the recall lists it.',
    creates: true,
  })
  receive(@Meta() meta: CommandMeta, @Body({ schema: receiveLotSchema }) data: ReceiveLotData): Promise<CommandAnswer> {
    return this.bus.execute(new ReceiveLot(meta, data, undefined));
  }

  @Post(':lot/vials')
  @CommandEndpoint({
    id: 'openVial',
    may: 'lot.write',
    at: 'path.lot',
    summary: 'Record that a vial of a lot was opened',
    description: 'An opened vial has an expiry of its own. Answers the id of the vial, by which sessions name it.',
    creates: '/v1/lots/:id',
  })
  openVial(
    @Meta() meta: CommandMeta,
    @Param('lot') lot: string,
    @Body({ schema: openVialSchema }) data: OpenVialData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new OpenVial(meta, data, { lot }));
  }

  @Post(':lot/waste')
  @CommandEndpoint({
    id: 'wasteLot',
    may: 'lot.write',
    at: 'path.lot',
    summary: 'Record what of a lot went to nobody',
    description: 'In ml, with its cause. Received = used + wasted + left: no more is wasted than is left.',
  })
  waste(
    @Meta() meta: CommandMeta,
    @Param('lot') lot: string,
    @Body({ schema: wasteLotSchema }) data: WasteLotData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new WasteLot(meta, data, { lot }));
  }

  @Post(':lot/entries/:entry/correct')
  @CommandEndpoint({
    id: 'correctLotEntry',
    may: 'lot.write',
    at: 'path.lot',
    summary: 'Say an entry of a lot anew: its receipt, an opened vial, waste',
    description: 'The entry stays in the history beside its correction. The reason is a code: a lot is about nobody.',
  })
  correct(
    @Meta() meta: CommandMeta,
    @Param('lot') lot: string,
    @Param('entry') entry: string,
    @Body({ schema: correctLotEntrySchema }) data: CorrectLotEntryData,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new CorrectLotEntry(meta, data, { lot, entry }));
  }

  @Post(':lot/entries/:entry/retract')
  @CommandEndpoint({
    id: 'retractLotEntry',
    may: 'lot.write',
    at: 'path.lot',
    summary: 'Take an entry of a lot back that never happened',
  })
  retract(
    @Meta() meta: CommandMeta,
    @Param('lot') lot: string,
    @Param('entry') entry: string,
    @Body({ schema: retractLotEntrySchema }) data: z.infer<typeof retractLotEntrySchema>,
  ): Promise<CommandAnswer> {
    return this.bus.execute(new RetractLotEntry(meta, data, { lot, entry }));
  }
}
