import { type DynamicModule, Module } from '@nestjs/common';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { RULE_BOOKS } from '#libs/composition/src/rule-books.js';
import { AccessModule } from '#libs/access/src/access.module.js';
import { BookingModule } from '#libs/booking/src/booking.module.js';
import { ErasureModule } from '#libs/erasure/src/erasure.module.js';
import { EngineModule } from '#libs/engine/src/engine.module.js';
import { HttpModule } from '#libs/http/src/http.module.js';
import { IdempotencyKeys } from '#libs/http/src/idempotency.js';
import { everybodyIn } from '#libs/http/src/request-context.js';
import type { InboundMessages } from '#libs/channels/src/inbound.port.js';
import { ChannelsModule } from '#libs/channels/src/channels.module.js';
import { twilioCalls } from '#libs/channels/src/open-channels.js';
import { evidenceOf } from '#libs/composition/src/evidence-scopes.js';
import { EvidenceModule } from '#libs/evidence/src/evidence.module.js';
import { LedgerModule } from '#libs/ledger/src/ledger.module.js';
import { MessagingModule } from '#libs/messaging/src/messaging.module.js';
import { ReadRecordModule } from '#libs/read-record/src/read-record.module.js';
import { SignatureModule } from '#libs/signature/src/signature.module.js';
import { TasksModule } from '#libs/tasks/src/tasks.module.js';
import { RulesModule } from '#libs/treatment/src/rules/rules.module.js';
import { TreatmentModule } from '#libs/treatment/src/treatment.module.js';
import { WhatIfModule } from '#libs/what-if/src/what-if.module.js';
import { BackupController } from './backup.controller.js';
import { ChainController } from './chain.controller.js';
import { EventFollowers } from './events/event-followers.js';
import { EventsController } from './events/events.controller.js';
import { HealthController } from './health.controller.js';
import { ImportsController } from './imports.controller.js';
import { MetricsController } from './metrics.controller.js';
import { OpenApiController, OpenApiText } from './openapi.controller.js';
import { PISTOR } from './pistor.token.js';
import { SOFTWARE_VERSION } from './version.js';
import { ProjectionsController } from './projections.controller.js';

/** What has to follow the log before dispatch opens is not waited for longer. */
const AT_HEAD_MS_MAX = 60_000;

/** The HTTP API over a Pistor that was opened. */
@Module({})
export class ApiModule {
  static forRoot(pistor: Pistor): DynamicModule {
    const { engine, chain, projections, messaging, booking, tasks, erasure, access, channels, publicHost, log } =
      pistor;
    const idempotency = new IdempotencyKeys(engine.db, (text) => engine.master.blindIndex('idempotency', text));
    const inbound: InboundMessages = {
      receipt: (receipt) => messaging.inbound.receipt(chain, receipt),
      reply: (reply) => messaging.inbound.reply(chain, reply),
    };
    return {
      module: ApiModule,
      imports: [
        EngineModule.forRoot(engine, pistor.reads),
        HttpModule.forRoot({
          chains: everybodyIn(chain),
          idempotency,
          readModels: projections,
          access,
          reads: pistor.readRecord.reads,
          log,
          publicHost,
          publicIsSecure: pistor.publicIsSecure,
          peopleSignIn: access.signIn.by !== 'demo',
        }),
        AccessModule.forRoot(access),
        ReadRecordModule.forRoot(pistor.readRecord),
        SignatureModule.forRoot(pistor.signatures, (request) => access.originOf(request).origin),
        TreatmentModule,
        RulesModule.forRoot(RULE_BOOKS),
        MessagingModule.forRoot(messaging, (of) => projections.waitForHead(of, AT_HEAD_MS_MAX)),
        BookingModule.forRoot(booking),
        TasksModule.forRoot(tasks),
        LedgerModule.forRoot(pistor.ledger),
        EvidenceModule.forRoot(evidenceOf(pistor, SOFTWARE_VERSION)),
        ErasureModule.forRoot(erasure),
        ChannelsModule.forRoot({ inbound, twilio: twilioCalls(channels) }),
        WhatIfModule.forRoot(log),
      ],
      controllers: [
        BackupController,
        ChainController,
        EventsController,
        HealthController,
        ImportsController,
        MetricsController,
        OpenApiController,
        ProjectionsController,
      ],
      providers: [{ provide: PISTOR, useValue: pistor }, EventFollowers, OpenApiText],
    };
  }
}
