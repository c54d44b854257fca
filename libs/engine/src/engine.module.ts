import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Queryable } from '#libs/database/src/database.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { Chains } from '#libs/event-store/src/chains.js';
import { Codec } from '#libs/event-store/src/codec.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import type { Engine } from './engine.js';

/** The database is an interface; it is injected under this token. */
export const DATABASE = Symbol('DATABASE');
/** The same for queries that answer people: it shows each what they may see (`ReaderDatabase`). */
export const READS = Symbol('READS');
export const EVENT_STORE = Symbol('EVENT_STORE');

/** Makes the parts of an engine that was opened injectable everywhere. Whoever opened it closes it. */
@Global()
@Module({})
export class EngineModule {
  static forRoot(engine: Engine, reads: Queryable): DynamicModule {
    const providers = [
      { provide: DATABASE, useFactory: () => engine.db },
      { provide: READS, useFactory: () => reads },
      { provide: EVENT_STORE, useFactory: () => engine.store },
      { provide: MasterKey, useFactory: () => engine.master },
      { provide: Chains, useFactory: () => engine.chains },
      { provide: Boxes, useFactory: () => engine.boxes },
      { provide: Codec, useFactory: () => engine.codec },
      { provide: ExternalCodes, useFactory: () => engine.codes },
      { provide: CommandRunner, useFactory: () => engine.runner },
    ];
    return { module: EngineModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
