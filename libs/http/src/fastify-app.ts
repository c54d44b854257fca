import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { silentLog, type Log } from '#libs/kernel/src/log.js';
import { AccessGuard, demandDeclaredAccess } from './access.guard.js';
import { addBodyParsers, JSON_BYTES_MAX } from './body-parsers.js';
import { tagAnswer } from './entity-tag.js';
import { closeGracefully } from './graceful-close.js';
import { HTTP_DEPENDENCIES, type HttpDependencies } from './http.dependencies.js';
import { NestLogger } from './nest-logger.js';
import { isCalled, refuseForeign } from './origin-guard.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from './problem-details.js';
import { ProblemDetailsFilter, sendProblem } from './problem-details.filter.js';
import { ReadingInterceptor } from './reading.interceptor.js';
import { noteRoutes } from './registered-routes.js';
import { requestContext } from './request-context.js';
import { HSTS, SECURITY_HEADERS } from './security-headers.js';
import { SchemaValidationPipe } from './validation.js';

export interface HttpAppOptions {
  readonly log?: Log;
  /** Makes no provider: enough to read the routes from, for the OpenAPI document. */
  readonly preview?: boolean;
  /**
   * Addresses or networks of proxies before us. Of a connection from one of them, the address that it has added to
   * `X-Forwarded-For` counts; of any other that header is anybody's to write, and is not read.
   */
  readonly trustedProxies?: readonly string[];
  /** Signals on which the application closes itself; none where its host sees to that. */
  readonly shutdownSignals?: readonly NodeJS.Signals[];
}

/** Headers come at once or not at all; a body may be an import of 2 GB that is read as fast as it is taken in. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60 * 60_000;
/** Codes and ids are at most 200 characters. */
const PARAM_CHARS_MAX = 300;

/**
 * The HTTP application of a root module that imports HttpModule, with everything that holds for every route: problem
 * details, validation, limits, correlation ids, guards of host and origin, security headers, ETags, request log.
 * It listens to nothing yet: `assertMayListen(…)`, then `app.listen(port, host)`.
 */
export async function createHttpApp(
  module: Type | DynamicModule,
  options: HttpAppOptions = {},
): Promise<NestFastifyApplication> {
  const log = options.log ?? silentLog;
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: JSON_BYTES_MAX,
    trustProxy: options.trustedProxies && options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAM_CHARS_MAX },
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A request without Host is refused by the guard below, in the form of every other refusal.
    http: { headersTimeout: HEADERS_TIMEOUT_MS, requireHostHeader: false },
    forceCloseConnections: 'idle',
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      reply.headers(SECURITY_HEADERS);
      sendProblem(error, request, reply, log);
    },
    clientErrorHandler: answerUnreadable,
  } as ConstructorParameters<typeof FastifyAdapter>[0]);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(log),
    bodyParser: false,
    abortOnError: false,
    preview: options.preview ?? false,
  });
  app.useGlobalFilters(new ProblemDetailsFilter(log));
  app.useGlobalPipes(new SchemaValidationPipe());
  const deps = () => app.get<HttpDependencies>(HTTP_DEPENDENCIES, { strict: false });
  app.useGlobalGuards(new AccessGuard(deps));
  app.useGlobalInterceptors(new ReadingInterceptor());
  demandDeclaredAccess(app);
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  noteRoutes(instance);
  addBodyParsers(instance);
  closeGracefully(instance);
  addHooks(instance, deps, log);
  if (options.shutdownSignals && options.shutdownSignals.length > 0)
    app.enableShutdownHooks([...options.shutdownSignals]);
  return app;
}

function addHooks(instance: FastifyInstance, deps: () => HttpDependencies, log: Log): void {
  instance.decorateRequest('pistor');
  instance.addHook('onRequest', async (request, reply) => {
    request.pistor = requestContext(request, () => deps().chains);
    reply.headers(SECURITY_HEADERS).header('pistor-correlation-id', request.pistor.correlationId);
    const { publicHost, publicIsSecure, peopleSignIn } = deps();
    if (publicIsSecure && isCalled(request, publicHost)) reply.header('strict-transport-security', HSTS);
    refuseForeign(request, publicHost, peopleSignIn);
  });
  instance.addHook('onSend', async (request, reply, payload) => {
    const tagged = tagAnswer(request, reply, payload);
    // Encoded once: of a text its length is counted first, and the socket encodes it by a slower way.
    return typeof tagged === 'string' ? Buffer.from(tagged) : tagged;
  });
  instance.addHook('onResponse', async (request, reply) => {
    // The pattern of the route: addresses hold codes of patients, and searches hold their names.
    const route = request.routeOptions.url ?? '(none)';
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    const { correlationId } = request.pistor;
    log.info({ method: request.method, route, status: reply.statusCode, ms, correlationId }, 'request');
  });
}

/** What is not HTTP, or came too slowly, never becomes a request; it is answered on the bare socket. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  const { problem } = toProblem(Object.assign(new Error(), { statusCode: status }));
  const body = JSON.stringify(problem);
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${status === 400 ? 'Bad Request' : problem.title}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
}
