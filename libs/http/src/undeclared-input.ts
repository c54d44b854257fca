import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { RequestInvalid } from './validation.js';

/**
 * A handler without `@Query` or `@Body` takes no query parameters and no body. What is sent all the same was meant to
 * do something, so it is refused by name and not passed over.
 */
export function refuseUndeclaredInput(context: ExecutionContext, known: readonly string[] = []): void {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const declared = declaredInput(context);
  const query = declared.has(RouteParamtypes.QUERY) ? [] : unknownNames(request.query, known);
  const body =
    declared.has(RouteParamtypes.BODY) || declared.has(RouteParamtypes.REQUEST) ? [] : unknownNames(request.body, []);
  const fields = [...query, ...body].map((field) => ({
    field,
    message: 'This field is not known here.',
    rule: 'schema',
  }));
  if (fields.length > 0) throw new RequestInvalid(fields.slice(0, 50));
}

function unknownNames(value: unknown, known: readonly string[]): string[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object' || Array.isArray(value)) return [''];
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => name.slice(0, 120));
}

const cache = new WeakMap<object, ReadonlySet<number>>();

function declaredInput(context: ExecutionContext): ReadonlySet<number> {
  const handler = context.getHandler();
  const cached = cache.get(handler);
  if (cached) return cached;
  const args: object = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name) ?? {};
  const kinds = new Set(Object.keys(args).map((key) => Number.parseInt(key, 10)));
  cache.set(handler, kinds);
  return kinds;
}
