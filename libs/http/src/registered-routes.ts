import type { INestApplication } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** A route as the server matches it: `GET /v1/patients/:patient`. */
export interface RegisteredRoute {
  readonly method: string;
  readonly path: string;
}

const ROUTES = new WeakMap<object, RegisteredRoute[]>();

/** Notes each route from here on, whoever adds it: by controllers or past them. */
export function noteRoutes(instance: FastifyInstance): void {
  const routes: RegisteredRoute[] = [];
  ROUTES.set(instance, routes);
  instance.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push({ method: each, path: url });
  });
}

/** The routes that an application answers to, once it was initialised. */
export const registeredRoutes = (app: INestApplication): readonly RegisteredRoute[] =>
  ROUTES.get(app.getHttpAdapter().getInstance() as object) ?? [];
