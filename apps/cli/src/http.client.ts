import { Readable } from 'node:stream';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { type Client, ProblemAnswered, type RequestBody } from './client.js';
import { splitLines } from './lines.js';

/** A client of a server that runs somewhere. */
export class HttpClient implements Client {
  readonly where: string;

  constructor(url: string) {
    this.where = url.replace(/\/+$/, '');
  }

  async request(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const headers = { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) };
    const response = await this.fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return response.json();
  }

  async *lines(method: 'POST', path: string, body?: RequestBody): AsyncGenerator<unknown> {
    const init: RequestInit & { duplex?: 'half' } = { method, headers: { accept: 'application/x-ndjson' } };
    if (body) {
      init.headers = { ...init.headers, 'content-type': body.contentType };
      init.body = Readable.toWeb(body.stream as Readable) as ReadableStream;
      init.duplex = 'half';
    }
    const response = await this.fetch(path, init);
    if (response.body) yield* splitLines(Readable.fromWeb(response.body as never));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    const response = await fetch(`${this.where}${path}`, init).catch((cause: unknown) => {
      throw new Unavailable('server.unreachable', `No server answers at ${this.where}.`, { cause });
    });
    if (response.ok) return response;
    throw new ProblemAnswered(response.status, (await response.json().catch(() => ({}))) as object);
  }
}
