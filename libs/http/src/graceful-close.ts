import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** A command takes milliseconds, a query less than its wait of ten seconds. */
const GRACE_MS_MAX = 12_000;
const LOOK_MS = 20;

/**
 * Lets a closing server finish what it is answering, then ends every connection. Browsers open connections ahead of
 * need; those have never carried a request, node does not count them as idle, and they would keep the server open.
 */
export function closeGracefully(instance: FastifyInstance): void {
  const { server } = instance;
  let answering = 0;
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    answering += 1;
    response.once('close', () => {
      answering -= 1;
    });
  });
  instance.addHook('preClose', async () => {
    const until = performance.now() + GRACE_MS_MAX;
    const timer = setInterval(() => {
      if (answering === 0 || performance.now() > until) server.closeAllConnections();
    }, LOOK_MS);
    server.once('close', () => clearInterval(timer));
    if (!server.listening) clearInterval(timer);
  });
}
