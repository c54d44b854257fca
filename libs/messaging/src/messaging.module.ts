import { type DynamicModule, Module } from '@nestjs/common';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { ChainClock } from './clock/chain-clock.js';
import { ClockController } from './clock/clock.controller.js';
import { MessagesController } from './messages/messages.controller.js';
import { MessagesQueries } from './messages/messages.queries.js';
import type { Messaging } from './messaging.js';

/** The routes of messages, the outbox and the clock. */
@Module({})
export class MessagingModule {
  static forRoot(messaging: Messaging): DynamicModule {
    return {
      module: MessagingModule,
      controllers: [MessagesController, ClockController],
      providers: [
        { provide: References, inject: [ExternalCodes], useFactory: (codes: ExternalCodes) => new References(codes) },
        { provide: MessagesQueries, useFactory: () => messaging.queries },
        { provide: ChainClock, useFactory: () => messaging.clock },
      ],
    };
  }
}
