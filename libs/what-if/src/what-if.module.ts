import { type DynamicModule, Module } from '@nestjs/common';
import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import { DATABASE } from '#libs/engine/src/engine.module.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { Log } from '#libs/kernel/src/log.js';
import { People } from '#libs/treatment/src/what-if.contract.js';
import { WHAT_IF_LOG, WhatIfController } from './what-if.controller.js';
import { WhatIf } from './what-if.js';

/** The route that replays drafts. */
@Module({})
export class WhatIfModule {
  static forRoot(log: Log): DynamicModule {
    return {
      module: WhatIfModule,
      controllers: [WhatIfController],
      providers: [
        { provide: WHAT_IF_LOG, useValue: log },
        {
          provide: WhatIf,
          inject: [DATABASE, Boxes, CommandRunner, ExternalCodes],
          useFactory: (db: Database, boxes: Boxes, runner: CommandRunner, codes: ExternalCodes) =>
            new WhatIf(db, boxes, runner, new References(codes), new People(db, codes, boxes)),
        },
      ],
    };
  }
}
