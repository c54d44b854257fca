import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import { DATABASE } from '#libs/engine/src/engine.module.js';
import { type Chain, Chains } from '#libs/event-store/src/chains.js';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { ChainClock } from './clock/chain-clock.js';
import { ClockController } from './clock/clock.controller.js';
import { AnswersController } from './inbound/answers.controller.js';
import { DispatchController } from './dispatch/dispatch.controller.js';
import { DispatchSwitch } from './dispatch/dispatch-switch.js';
import { InboundService } from './inbound/inbound.service.js';
import { MessageController } from './message/message.controller.js';
import { MESSAGE_HANDLERS } from './message/message.handlers.js';
import { MessageService } from './message/message.service.js';
import { MessagesController } from './messages/messages.controller.js';
import { MessageExplainer } from './messages/message-explainer.js';
import { MessagesQueries } from './messages/messages.queries.js';
import type { Messaging } from './messaging.js';
import { ZoneMoves } from './zones/zone-moves.js';
import { ZoneRulesWatch } from './zones/zone-rules-watch.js';
import { ZonesController } from './zones/zones.controller.js';
import { TemplatesModule } from './templates/custom/templates.module.js';

/** The routes of messages, the outbox and the clock. */
@Module({})
export class MessagingModule {
  /** @param atHead waits until everything that messages are decided from has come to the head of the log */
  static forRoot(messaging: Messaging, atHead: (chain: Chain) => Promise<void>): DynamicModule {
    return {
      module: MessagingModule,
      imports: [CqrsModule, TemplatesModule],
      controllers: [
        MessagesController,
        MessageController,
        DispatchController,
        ClockController,
        AnswersController,
        ZonesController,
      ],
      providers: [
        { provide: References, inject: [ExternalCodes], useFactory: (codes: ExternalCodes) => new References(codes) },
        { provide: MessagesQueries, useFactory: () => messaging.queries },
        { provide: MessageExplainer, useFactory: () => new MessageExplainer(messaging.reader) },
        MessageService,
        ...MESSAGE_HANDLERS,
        {
          provide: DispatchSwitch,
          inject: [DATABASE, Chains, CommandRunner],
          useFactory: (db: Database, chains: Chains, runner: CommandRunner) =>
            new DispatchSwitch(messaging.gate, { db, chains, runner, atHead }),
        },
        { provide: ZoneMoves, useFactory: () => messaging.zoneMoves },
        { provide: ZoneRulesWatch, useFactory: () => messaging.zones },
        { provide: InboundService, useFactory: () => messaging.inbound },
        { provide: ChainClock, useFactory: () => messaging.clock },
      ],
    };
  }
}
