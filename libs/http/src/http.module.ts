import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { HTTP_DEPENDENCIES, type HttpDependencies } from './http.dependencies.js';
import { ServerSentEvents } from './server-sent-events.js';

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<HttpDependencies>({
  optionsInjectionToken: HTTP_DEPENDENCIES,
})
  .setClassMethodName('forRoot')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();

/** Once, in the root module: `HttpModule.forRoot({ chains, idempotency, readModels, log })`, or `forRootAsync`. */
@Module({ providers: [ServerSentEvents], exports: [HTTP_DEPENDENCIES, ServerSentEvents] })
export class HttpModule extends ConfigurableModuleClass {}
