import type { CanActivate, ExecutionContext, INestApplicationContext } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { accessOf } from './endpoint.metadata.js';
import type { HttpDependencies } from './http.dependencies.js';
import { HttpProblem } from './http-problem.js';
import { PRINCIPAL_RATE, RateLimits, SOURCE_RATE } from './rate-limits.js';

/** The one place that every request of a route passes: who asks, and whether they may. */
export class AccessGuard implements CanActivate {
  private readonly limits = new RateLimits();

  constructor(private readonly deps: () => HttpDependencies) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const need = accessOf(context.getHandler());
    if (!need) throw new Error(`${context.getClass().name}.${context.getHandler().name} does not say who may use it`);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { access, log, peopleSignIn } = this.deps();
    // Of the connection, or what a trusted proxy says: from anybody else the header is theirs to write.
    const limitSource = () => peopleSignIn && this.limits.take(`source ${request.ip}`, SOURCE_RATE);
    if (need.may === 'public') {
      limitSource();
      request.pistor.reading = 'everything';
      return true;
    }
    const { correlationId } = request.pistor;
    const asked = { permission: need.may, route: request.routeOptions.url, method: request.method, correlationId };
    try {
      const principal = await access.principalOf(request);
      if (!principal) throw new HttpProblem(401, 'access.sign-in', 'Sign in first, or send an API key.');
      request.pistor.principal = principal;
      if (peopleSignIn) this.limits.take(principal.id, PRINCIPAL_RATE);
      if (need.may !== 'signed-in') await access.admit(request, principal, need, need.changes);
      request.pistor.need = need;
      // What changes something is decided by all that is on record, and answers with nothing of it.
      request.pistor.reading = need.changes ? 'everything' : access.readingOf(principal, need);
    } catch (error) {
      if (!request.pistor.principal) limitSource();
      const { code } = error as { code?: unknown };
      log.warn({ ...asked, principal: request.pistor.principal?.id ?? null, code: String(code) }, 'access refused');
      throw error;
    }
    return true;
  }
}

/**
 * Every route says who may use it, or the server does not start.
 * @throws Error naming the first that does not
 */
export function demandDeclaredAccess(app: INestApplicationContext): void {
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      const prototype = (metatype as { prototype?: object } | null)?.prototype;
      for (const name of prototype ? Object.getOwnPropertyNames(prototype) : []) {
        const handler = Object.getOwnPropertyDescriptor(prototype, name)?.value as object | undefined;
        if (typeof handler !== 'function' || !isRoute(handler) || accessOf(handler)) continue;
        throw new Error(`${metatype?.name}.${name} does not say who may use it: give it an endpoint decorator`);
      }
    }
  }
}

const isRoute = (handler: object): boolean =>
  Reflect.hasMetadata(PATH_METADATA, handler) && Reflect.hasMetadata(METHOD_METADATA, handler);
