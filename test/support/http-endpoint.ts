import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Certificate } from './certificate.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What an endpoint does with a request that it has read. */
export type Behaviour =
  | Answer
  /** Never answers. */
  | 'hang'
  /** Hangs up without an answer. */
  | 'reset'
  /** Hangs up as soon as somebody connects. */
  | 'no-connection'
  /** Answers 200, begins a body, and hangs up. */
  | 'half'
  /** Answers 200, and a body without end. */
  | 'endless';

export interface HttpEndpoint {
  readonly url: string;
  readonly port: number;
  readonly received: readonly ReceivedRequest[];
  /** Of the next requests. */
  behaves(behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** A real HTTP server on a free port of 127.0.0.1 that keeps what it was sent. */
export async function httpEndpoint(behaviour: Behaviour, certificate?: Certificate): Promise<HttpEndpoint> {
  const received: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  let now = behaviour;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') });
      behave(now, response);
    });
  };
  const server = certificate ? https.createServer(certificate, listener) : http.createServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    if (now === 'no-connection') socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate ? 'https://localhost' : 'http://127.0.0.1'}:${port}`,
    port,
    received,
    behaves: (next) => {
      now = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function behave(behaviour: Behaviour, response: ServerResponse): void {
  if (behaviour === 'hang' || behaviour === 'no-connection') return;
  if (behaviour === 'reset') {
    response.socket?.destroy();
  } else if (behaviour === 'half') {
    response.writeHead(200, { 'content-length': '1000' }).write('{"sid":');
    setTimeout(() => response.socket?.destroy(), 20);
  } else if (behaviour === 'endless') {
    response.writeHead(200).on('error', () => {});
    const more = () => {
      if (response.destroyed) return;
      response.write('x'.repeat(16_384));
      setImmediate(more);
    };
    more();
  } else response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body ?? '');
}

/** A port of 127.0.0.1 that nobody listens to. */
export async function deadPort(): Promise<number> {
  const { port, close } = await httpEndpoint('hang');
  await close();
  return port;
}
