import { type DynamicModule, Module } from '@nestjs/common';
import { ORIGIN_OF, type OriginOf, SignatureController } from './signature.controller.js';
import { SignatureService } from './signature.service.js';

/** The routes of signatures. */
@Module({})
export class SignatureModule {
  static forRoot(signatures: SignatureService, originOf: OriginOf): DynamicModule {
    return {
      module: SignatureModule,
      controllers: [SignatureController],
      providers: [
        { provide: SignatureService, useValue: signatures },
        { provide: ORIGIN_OF, useValue: originOf },
      ],
    };
  }
}
