import { applyDecorators, HttpCode, UseInterceptors } from '@nestjs/common';
import { ApiExtension, ApiOperation, ApiProduces, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { commandAnswerSchema } from './command-answer.js';
import { CommandInterceptor, QueryInterceptor } from './endpoint.interceptors.js';
import {
  type CommandOptions,
  type EndpointFacts,
  type QueryOptions,
  setAccess,
  setCommandOptions,
  setQueryOptions,
} from './endpoint.metadata.js';

/** Under this name an operation of the OpenAPI document says what it is, until `buildOpenApi` has seen to it. */
export const ENDPOINT_EXTENSION = 'x-pistor-endpoint';
/** Under this name the document says who may use an operation, and where. */
export const ACCESS_EXTENSION = 'x-pistor-access';

/** A handler (`@Post` or `@Put`) that gives a command and answers a CommandAnswer: `@Meta() meta: CommandMeta`. */
export function CommandEndpoint(options: CommandOptions): MethodDecorator {
  const status = options.creates ? 201 : 200;
  return applyDecorators(
    onHandler((handler) => setCommandOptions(handler, options)),
    onHandler((handler) => setAccess(handler, options, true)),
    HttpCode(status),
    UseInterceptors(CommandInterceptor),
    described('command', options),
    answers(status, commandAnswerSchema, options.creates ? 'Made.' : 'Done.'),
  );
}

/** A `@Get` handler. */
export function QueryEndpoint(options: QueryOptions): MethodDecorator {
  return endpoint('query', options);
}

/** A `@Post` handler that does something else than give one command: it is neither idempotent nor conditional. */
export function ActionEndpoint(options: Omit<QueryOptions, 'revisioned'>): MethodDecorator {
  return endpoint('action', options);
}

function endpoint(kind: EndpointFacts['kind'], options: QueryOptions): MethodDecorator {
  return applyDecorators(
    onHandler((handler) => setQueryOptions(handler, options)),
    onHandler((handler) => setAccess(handler, options, kind === 'action')),
    HttpCode(200),
    UseInterceptors(QueryInterceptor),
    described(kind, options),
    answers(200, options.answer, 'The answer.'),
    ...(options.produces === undefined ? [] : [ApiProduces(options.produces)]),
  );
}

const described = (kind: EndpointFacts['kind'], options: CommandOptions & QueryOptions): MethodDecorator =>
  applyDecorators(
    ApiOperation({ operationId: options.id, summary: options.summary, description: options.description }),
    ApiExtension(ENDPOINT_EXTENSION, {
      kind,
      creates: Boolean(options.creates),
      waits: (options.reads ?? []).length > 0,
      revisioned: options.revisioned === true,
      discloses: options.discloses,
    } satisfies EndpointFacts),
    ApiExtension(ACCESS_EXTENSION, {
      may: options.may,
      at: options.at ?? options.may,
      ...(options.decides && { decides: [...options.decides] }),
      ...(options.hides && { hides: options.hides }),
    }),
  );

const answers = (status: number, schema: z.ZodType | undefined, description: string): MethodDecorator =>
  ApiResponse({ status, description, ...(schema && { standardSchema: schema }) });

const onHandler =
  (set: (handler: object) => void): MethodDecorator =>
  (_target, _name, descriptor) =>
    set(descriptor.value as object);
