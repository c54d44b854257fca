import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Client, ProblemAnswered, type RequestBody } from './client.js';
import { splitLines } from './lines.js';

/** A client of the application in this very process: the same routes, without a port. */
export class InProcessClient implements Client {
  constructor(
    readonly where: string,
    private readonly app: NestFastifyApplication,
    private readonly onClose: () => Promise<void>,
  ) {}

  async request(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const response = await this.app.inject({
      method,
      url: path,
      headers: { host: '127.0.0.1' },
      ...(body && { payload: body }),
    });
    const answer = response.body === '' ? undefined : (JSON.parse(response.body) as object);
    if (response.statusCode >= 300) throw new ProblemAnswered(response.statusCode, answer ?? {});
    return answer;
  }

  async *lines(method: 'POST', path: string, body?: RequestBody): AsyncGenerator<unknown> {
    const response = await this.app.inject({
      method,
      url: path,
      headers: { host: '127.0.0.1', ...(body && { 'content-type': body.contentType }) },
      ...(body && { payload: body.stream as never }),
      payloadAsStream: true,
    });
    if (response.statusCode < 300) return yield* splitLines(response.stream());
    const chunks: Buffer[] = [];
    for await (const chunk of response.stream()) chunks.push(chunk as Buffer);
    throw new ProblemAnswered(response.statusCode, JSON.parse(Buffer.concat(chunks).toString('utf8')) as object);
  }

  close(): Promise<void> {
    return this.onClose();
  }
}
