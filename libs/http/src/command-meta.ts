import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { parseIfMatch } from './entity-tag.js';

/** Whoever follows a link of a message: it proves that we wrote it, not who follows it. */
const UNNAMED = 'user:unnamed';

/** Who asks, for which chain, under which command id, having seen which revision. */
export function commandMeta(request: FastifyRequest, commandId: Id): CommandMeta {
  const { chain, correlationId, principal } = request.pistor;
  return {
    ...{ chain, commandId, correlationId, ifMatch: parseIfMatch(request.headers['if-match']) },
    actor: principal?.id ?? UNNAMED,
  };
}

/** `@Meta() meta: CommandMeta`, in handlers with `@CommandEndpoint`. */
export const Meta = createParamDecorator((_data: unknown, context: ExecutionContext): CommandMeta => {
  const { command } = context.switchToHttp().getRequest<FastifyRequest>().pistor;
  if (!command) throw new Error(`${context.getClass().name}.${context.getHandler().name} lacks @CommandEndpoint`);
  return command;
});
