import { type DynamicModule, Module } from '@nestjs/common';
import { EvidenceController } from './evidence.controller.js';
import type { Evidence } from './evidence.js';
import { EVIDENCE } from './evidence.token.js';
import { ReportsController } from './reports.controller.js';

/** The routes of evidence. */
@Module({})
export class EvidenceModule {
  static forRoot(evidence: Evidence): DynamicModule {
    return {
      module: EvidenceModule,
      controllers: [EvidenceController, ReportsController],
      providers: [{ provide: EVIDENCE, useValue: evidence }],
    };
  }
}
