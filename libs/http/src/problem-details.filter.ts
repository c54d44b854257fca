import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeError, type Log } from '#libs/kernel/src/log.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from './problem-details.js';

/** Every error, wherever it comes from, leaves as problem details (RFC 9457). What nobody foresaw is logged. */
@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): FastifyReply | null {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    // `null` tells Nest that the error was seen to.
    return sendProblem(error, request, reply, this.log) ?? null;
  }
}

/** Answers an error, or ends the connection when the answer was already under way. */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply | undefined {
  const correlationId = request.pistor?.correlationId;
  const { status, headers, problem, unexpected } = toProblem(error, correlationId);
  if (unexpected) {
    log.error({ correlationId, route: request.routeOptions?.url, error: describeError(error) }, 'request failed');
  }
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return undefined;
  }
  for (const name of ['etag', 'location', 'content-length', 'last-modified']) reply.removeHeader(name);
  reply.header('cache-control', 'no-store');
  return reply.code(status).headers(headers).type(PROBLEM_MEDIA_TYPE).send(problem);
}
