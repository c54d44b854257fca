import type { Pistor } from '#libs/composition/src/pistor.js';
import { createHttpApp } from '#libs/http/src/fastify-app.js';
import { buildOpenApi } from '#libs/http/src/openapi.js';
import { ApiModule } from './api.module.js';
import { SOFTWARE_VERSION } from './version.js';

/** The OpenAPI document, read from the routes alone: no database is opened and no provider is made. */
export async function openApiDocument(): Promise<object> {
  const nothing = new Proxy({}, { get: () => nothing }) as unknown as Pistor;
  const app = await createHttpApp(ApiModule.forRoot(nothing), { preview: true });
  return buildOpenApi(app, SOFTWARE_VERSION);
}
