import { Readable } from 'node:stream';
import type { ImportLine } from '#libs/composition/src/import-lines.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { type Client, ProblemAnswered } from './client.js';
import { splitLines } from './lines.js';
import { zipOf } from './zip.js';

/** A client of a server that runs somewhere. */
export class HttpClient implements Client {
  readonly alone = false;
  private readonly where: string;
  private readonly authorization: Record<string, string>;

  constructor(
    url: string,
    /** Ends what is under way. */
    private readonly signal: AbortSignal,
    /** Of this machine's own server; without one, PISTOR_API_KEY. */
    token?: string,
  ) {
    this.where = url.replace(/\/+$/, '');
    // In the environment, not among the arguments, which every process of the machine can read.
    const key = token ?? process.env['PISTOR_API_KEY'];
    this.authorization = key ? { authorization: `Bearer ${key}` } : {};
  }

  async request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const headers = { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) };
    const response = await this.fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return response.json();
  }

  lines(method: 'GET' | 'POST', path: string, body?: object): AsyncGenerator<unknown> {
    const headers = { accept: NDJSON, ...(body && { 'content-type': 'application/json' }) };
    return this.linesOf(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  }

  async *importHistory(path: string): AsyncGenerator<ImportLine> {
    const zip = zipOf(path);
    const init = {
      method: 'POST',
      headers: { accept: NDJSON, 'content-type': 'application/zip' },
      body: Readable.toWeb(zip) as ReadableStream,
      duplex: 'half',
    } as const;
    try {
      for await (const line of this.linesOf('/v1/imports', init)) {
        const { error } = line as { error?: ProblemAnswered['problem'] & { readonly status?: number } };
        if (error) throw new ProblemAnswered(error.status ?? 500, error);
        yield line as ImportLine;
      }
    } finally {
      zip.destroy();
    }
  }

  /** The bytes of an answer as they arrive. @throws ProblemAnswered, Unavailable when the server goes away */
  async *bytes(method: 'GET' | 'POST', path: string): AsyncGenerator<Uint8Array> {
    const { body } = await this.fetch(path, { method });
    if (body) for await (const chunk of this.untilGone(body)) yield chunk as Uint8Array;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async *linesOf(path: string, init: RequestInit): AsyncGenerator<unknown> {
    const response = await this.fetch(path, init);
    if (response.body) yield* splitLines(this.untilGone(response.body));
  }

  private async *untilGone(body: ReadableStream): AsyncGenerator<unknown> {
    try {
      yield* body;
    } catch (cause) {
      throw new Unavailable('server.gone', `The server at ${this.where} went away before it was done.`, { cause });
    }
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    const { signal } = this;
    const headers = { ...(init.headers as Record<string, string>), ...this.authorization };
    // A key goes to the server that it was meant for and to no other: nothing redirects here.
    const asked = { ...init, headers, signal, redirect: 'error' } as const;
    const response = await fetch(`${this.where}${path}`, asked).catch((cause: unknown) => {
      throw new Unavailable('server.unreachable', `No server answers at ${this.where}.`, { cause });
    });
    if (response.ok) return response;
    throw new ProblemAnswered(response.status, (await response.json().catch(() => ({}))) as object);
  }
}

const NDJSON = 'application/x-ndjson';
