import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { Reading } from '#libs/database/src/reader.database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { type Id, isId, newId } from '#libs/kernel/src/ids.js';
import type { AccessNeed } from './access.js';
import type { Principal } from './principal.js';

/** Says which chain a request is about. A deployment has one. */
export interface ChainContext {
  of(request: FastifyRequest): Chain;
}

export const everybodyIn = (chain: Chain): ChainContext => ({ of: () => chain });

/** What the edge knows of a request beside what Fastify knows. */
export interface RequestContext {
  readonly correlationId: Id;
  /** Made on first use: health checks and files need no chain. */
  readonly chain: Chain;
  /** Who asks; undefined before the guard has looked, and at public addresses that nobody signed in to. */
  principal?: Principal;
  /** What the guard has asked of the caller; an answer that goes on is asked for it again. */
  need?: AccessNeed;
  /** How the answer reads; nobody has said it: nothing is seen. */
  reading?: Reading;
  /** Present in handlers of commands. */
  command?: CommandMeta;
  /** Set by a handler of one resource: becomes part of its ETag. */
  revision?: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    pistor: RequestContext;
  }
}

export function requestContext(request: FastifyRequest, chains: () => ChainContext): RequestContext {
  let chain: Chain | undefined;
  return {
    correlationId: correlationIdOf(request.headers),
    get chain() {
      chain ??= chains().of(request);
      return chain;
    },
  };
}

const TRACEPARENT =
  /^[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})-[0-9a-f]{16}-[0-9a-f]{2}/;
const NIL = '00000000-0000-0000-0000-000000000000';

/**
 * The id under which all that follows from a request is found: the caller's own (`Pistor-Correlation-Id`, a UUID), else
 * that of its trace (W3C `traceparent`), else a fresh one. Anything malformed is passed over: it decides nothing.
 */
export function correlationIdOf(headers: FastifyRequest['headers']): Id {
  const own = headers['pistor-correlation-id'];
  if (typeof own === 'string' && isId(own.toLowerCase())) return own.toLowerCase();
  const { traceparent } = headers;
  const trace = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.slice(1).join('-') : undefined;
  return trace !== undefined && trace !== NIL ? trace : newId();
}

/** The chain that the request is about: `@InChain() chain: Chain`. */
export const InChain = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Chain =>
    context.switchToHttp().getRequest<FastifyRequest>().pistor.chain,
);

/** Who asks: `@AskedBy() principal: Principal`, in handlers that are not public. */
export const AskedBy = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<FastifyRequest>().pistor;
  if (!principal) throw new Error(`${context.getClass().name}.${context.getHandler().name} is public`);
  return principal;
});
