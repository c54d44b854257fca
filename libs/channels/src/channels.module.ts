import { type DynamicModule, Module } from '@nestjs/common';
import { INBOUND_CALLS, type InboundCalls } from './channels.tokens.js';
import { TwilioController } from './twilio.controller.js';

/** The routes that providers call: `ChannelsModule.forRoot({ inbound, twilio: twilioCalls(configuration) })`. */
@Module({})
export class ChannelsModule {
  static forRoot(calls: InboundCalls): DynamicModule {
    return {
      module: ChannelsModule,
      controllers: [TwilioController],
      providers: [{ provide: INBOUND_CALLS, useValue: calls }],
    };
  }
}
