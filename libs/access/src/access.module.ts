import { type DynamicModule, Module } from '@nestjs/common';
import type { Access } from './access.js';
import { ACCESS } from './access.token.js';
import { ApiKeysController } from './api-key/api-keys.controller.js';
import { SessionController } from './session/session.controller.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { UsersController } from './user/users.controller.js';

/** The routes of users, keys and signing in. */
@Module({})
export class AccessModule {
  static forRoot(access: Access): DynamicModule {
    return {
      module: AccessModule,
      controllers: [SignInController, SessionController, UsersController, ApiKeysController],
      providers: [{ provide: ACCESS, useFactory: () => access }],
    };
  }
}
