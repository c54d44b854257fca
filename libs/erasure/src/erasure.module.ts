import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { PatientStreams } from '#libs/treatment/src/erasure.contract.js';
import { ErasuresController, PatientErasureController } from './case/erasure.controller.js';
import { ERASURE_HANDLERS } from './case/erasure.handlers.js';
import { ErasureService } from './case/erasure.service.js';
import { ErasuresQuery } from './case/erasures.query.js';
import { BucketKeys } from '#libs/event-store/src/bucket-keys.js';
import { KeysController } from './effect/keys.controller.js';
import { ErasureFinisher } from './effect/erasure-finisher.js';
import type { Erasure } from './erasure.js';

/** The routes of erasures. */
@Module({})
export class ErasureModule {
  static forRoot(erasure: Pick<Erasure, 'queries' | 'streams' | 'finisher' | 'bucketKeys'>): DynamicModule {
    return {
      module: ErasureModule,
      imports: [CqrsModule],
      controllers: [PatientErasureController, ErasuresController, KeysController],
      providers: [
        { provide: References, inject: [ExternalCodes], useFactory: (codes: ExternalCodes) => new References(codes) },
        { provide: ErasuresQuery, useFactory: () => erasure.queries },
        { provide: PatientStreams, useFactory: () => erasure.streams },
        { provide: ErasureFinisher, useFactory: () => erasure.finisher },
        { provide: BucketKeys, useFactory: () => erasure.bucketKeys },
        ErasureService,
        ...ERASURE_HANDLERS,
      ],
    };
  }
}
