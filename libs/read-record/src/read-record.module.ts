import { type DynamicModule, Module } from '@nestjs/common';
import { References } from '#libs/cqrs/src/references.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { DisclosuresController } from './disclosures.controller.js';
import { DisclosuresQuery } from './disclosures.query.js';
import type { ReadRecord } from './read-record.js';
import { READ_RECORD } from './read-record.token.js';
import { ReadsLedgerController } from './reads-ledger.controller.js';

/** The routes of reads on record. */
@Module({})
export class ReadRecordModule {
  static forRoot(readRecord: Pick<ReadRecord, 'disclosures' | 'ledger'>): DynamicModule {
    return {
      module: ReadRecordModule,
      controllers: [DisclosuresController, ReadsLedgerController],
      providers: [
        { provide: References, inject: [ExternalCodes], useFactory: (codes: ExternalCodes) => new References(codes) },
        { provide: DisclosuresQuery, useValue: readRecord.disclosures },
        { provide: READ_RECORD, useValue: readRecord },
      ],
    };
  }
}
