import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NotFound } from '#libs/kernel/src/errors.js';

/** Vite puts a hash of the content into the names of these. */
const HASHED_ASSET = /^\/assets\/.+-[\w-]{8,}\.\w+$/;
/** Addresses that belong to the API; an unknown one of these is an unknown one, and not a page of the console. */
const OF_API = /^\/(?:v1|health|openapi\.json)(?:\/|$)/;

/**
 * Serves the built console (`dist/console`) at `/`. Its pages have addresses of their own, which all are index.html; a
 * missing file is 404 all the same. Call it before `app.init()` or `app.listen()`.
 */
export async function serveConsole(app: NestFastifyApplication, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new NotFound(
      'console.not-built',
      `The console is not built: there is no index.html in ${folder}. Run npm run build.`,
    );
  }
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  await instance.register(fastifyStatic, {
    root: folder,
    serve: false,
    cacheControl: false,
    dotfiles: 'ignore',
    index: false,
  });
  instance.get('/*', (request, reply) => serve(request, reply));
}

function serve(request: FastifyRequest, reply: FastifyReply): FastifyReply | void {
  const path = request.url.split('?')[0] as string;
  if (OF_API.test(path)) return reply.callNotFound();
  const isFile = path.slice(path.lastIndexOf('/')).includes('.');
  if (!isFile && !acceptsHtml(request)) return reply.callNotFound();
  reply.header('cache-control', HASHED_ASSET.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
  return reply.sendFile(isFile ? path.slice(1) : 'index.html');
}

const acceptsHtml = ({ headers }: FastifyRequest): boolean => /text\/html|\*\/\*/.test(headers.accept ?? '*/*');
