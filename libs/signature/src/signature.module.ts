import { type DynamicModule, Module } from '@nestjs/common';
import { SignatureController } from './signature.controller.js';
import { SignatureService } from './signature.service.js';

/** The routes of signatures. */
@Module({})
export class SignatureModule {
  static forRoot(signatures: SignatureService): DynamicModule {
    return {
      module: SignatureModule,
      controllers: [SignatureController],
      providers: [{ provide: SignatureService, useValue: signatures }],
    };
  }
}
