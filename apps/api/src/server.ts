import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { removeOperatorToken, writeOperatorToken } from '#libs/composition/src/operator-token.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { createHttpApp } from '#libs/http/src/fastify-app.js';
import { assertMayListen } from '#libs/http/src/listening-address.js';
import { buildOpenApi } from '#libs/http/src/openapi.js';
import { serveConsole } from '#libs/http/src/serve-console.js';
import { ServerSentEvents } from '#libs/http/src/server-sent-events.js';
import { Conflict, Refused } from '#libs/kernel/src/errors.js';
import { ApiModule } from './api.module.js';
import { OpenApiText } from './openapi.controller.js';
import { SOFTWARE_VERSION } from './version.js';

/** The application over a Pistor that was opened: complete, listening to nothing. */
export async function createApi(pistor: Pistor): Promise<NestFastifyApplication> {
  const app = await createHttpApp(ApiModule.forRoot(pistor), {
    log: pistor.log,
    trustedProxies: pistor.configuration.trustedProxies,
  });
  app.get(OpenApiText).make = () => buildOpenApi(app, SOFTWARE_VERSION);
  const console = consoleFolder();
  if (console !== undefined) await serveConsole(app, console);
  await app.init();
  return app;
}

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the API and the console, and tells open browsers when something was recorded.
 * @throws Refused for an address other than 127.0.0.1 where nobody signs in; Conflict `address.port-taken`
 */
export async function startServer(pistor: Pistor): Promise<Server> {
  const { host, port } = pistor.configuration;
  assertMayListen(host, pistor.access.signIn.by !== 'demo', pistor.channels.publicUrl);
  const app = await createApi(pistor);
  const stopTelling = tellBrowsers(pistor, app.get(ServerSentEvents));
  const close = async () => {
    stopTelling();
    await app.close();
  };
  // Not by Nest, which logs a port that is taken as well as throwing it. With one address, this is its URL.
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const url = await fastify.listen({ port, host }).catch(async (error: unknown) => {
    await close();
    throw toAddressError(error, port);
  });
  const { mode, dataFolder } = pistor.configuration;
  const { signIn, operatorToken } = pistor.access;
  const isLocal = mode === 'embedded' && signIn.by !== 'demo';
  if (isLocal) writeOperatorToken(dataFolder, operatorToken);
  pistor.announce(url);
  return {
    url,
    close: async () => {
      if (isLocal) removeOperatorToken(dataFolder);
      await close();
    },
  };
}

function toAddressError(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const choose = 'choose another one with --port or PORT; 0 takes any that is free';
  if (code === 'EADDRINUSE') {
    const message = `Port ${port} is taken by another process. Stop that process, or ${choose}.`;
    return new Conflict('address.port-taken', message, { data: { port }, cause: error });
  }
  if (code === 'EACCES') {
    const message = `Port ${port} may not be used by this user. Instead, ${choose}.`;
    return new Refused('address.port-forbidden', message, { data: { port }, cause: error });
  }
  return error;
}

/** Every event is a hint to look again; more than a few a second help nobody. */
const TELL_EVERY_MS = 250;

function tellBrowsers({ engine, projections }: Pistor, events: ServerSentEvents): () => void {
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      events.publish('moved', {});
    }, TELL_EVERY_MS).unref();
  };
  const unsubscribe = [engine.store.onAppended(tell), projections.onMoved(tell)];
  return () => {
    clearTimeout(timer);
    for (const stop of unsubscribe) stop();
  };
}

/** The built console, from the sources and from `dist` alike; undefined where it was not built. */
function consoleFolder(): string | undefined {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const built = join(folder, 'dist', 'console');
    if (existsSync(join(built, 'index.html'))) return built;
  }
  return undefined;
}
