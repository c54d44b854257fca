import { type DynamicModule, Module } from '@nestjs/common';
import { LedgerController } from './ledger.controller.js';
import type { Ledger } from './ledger.js';
import { LEDGER } from './ledger.token.js';

/** The routes of the ledger. */
@Module({})
export class LedgerModule {
  static forRoot(ledger: Ledger): DynamicModule {
    return {
      module: LedgerModule,
      controllers: [LedgerController],
      providers: [{ provide: LEDGER, useValue: ledger }],
    };
  }
}
