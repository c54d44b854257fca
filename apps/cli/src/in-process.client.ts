import { addAbortSignal } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ImportLine, importLines } from '#libs/composition/src/import-lines.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { historySource } from '#libs/history-import/src/folder.source.js';
import { type Client, ProblemAnswered } from './client.js';
import { splitLines } from './lines.js';

/** A client of the application in this very process: the same routes, without a port. */
export class InProcessClient implements Client {
  readonly alone: boolean;
  private readonly headers: Record<string, string>;

  constructor(
    private readonly pistor: Pistor,
    private readonly app: NestFastifyApplication,
    /** Ends what is under way. */
    private readonly signal: AbortSignal,
  ) {
    // A folder takes one process; a server of PostgreSQL any number.
    this.alone = pistor.configuration.mode === 'embedded';
    // Whoever may open the data and its key needs nobody's leave; what they do is recorded as the operator's.
    const { signIn, operatorToken } = pistor.access;
    this.headers = {
      host: '127.0.0.1',
      ...(signIn.by !== 'demo' && { authorization: `Bearer ${operatorToken}` }),
    };
  }

  async request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    this.signal.throwIfAborted();
    const { headers } = this;
    const response = await this.app.inject({ method, url: path, headers, ...(body && { payload: body }) });
    const answer = response.body === '' ? undefined : (JSON.parse(response.body) as object);
    if (response.statusCode >= 300) throw new ProblemAnswered(response.statusCode, answer ?? {});
    return answer;
  }

  async *lines(method: 'GET' | 'POST', path: string, body?: object): AsyncGenerator<unknown> {
    const { signal, headers } = this;
    const request = { method, url: path, headers, ...(body && { payload: body }) };
    const response = await this.app.inject({ ...request, payloadAsStream: true });
    if (response.statusCode < 300) {
      for await (const line of splitLines(addAbortSignal(signal, response.stream()))) {
        this.signal.throwIfAborted();
        yield line;
      }
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of response.stream()) chunks.push(chunk as Buffer);
    throw new ProblemAnswered(response.statusCode, JSON.parse(Buffer.concat(chunks).toString('utf8')) as object);
  }

  async *bytes(method: 'GET' | 'POST', path: string): AsyncGenerator<Uint8Array> {
    const { signal, headers } = this;
    const response = await this.app.inject({ method, url: path, headers, payloadAsStream: true });
    const chunks: Buffer[] = [];
    for await (const chunk of addAbortSignal(signal, response.stream())) {
      if (response.statusCode < 300) yield chunk as Buffer;
      else chunks.push(chunk as Buffer);
    }
    if (response.statusCode < 300) return;
    throw new ProblemAnswered(response.statusCode, JSON.parse(Buffer.concat(chunks).toString('utf8')) as object);
  }

  /** Reads the files where they are: no copy of them is made that could be left behind. */
  async *importHistory(path: string): AsyncGenerator<ImportLine> {
    const { pistor, signal } = this;
    yield* importLines(pistor, pistor.chain, await historySource(path), signal);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.pistor.close();
  }
}
