import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { LastingAnswer } from './lasting-answer.js';
import { Overloaded } from '#libs/kernel/src/errors.js';

/** One for every open tab of a large chain's head office; each costs a socket and some 20 kB. */
const CLIENTS_MAX = 200;
/** Proxies and browsers take a silent connection for dead after 30 s to 60 s. */
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2_000;

interface Client {
  readonly stream: PassThrough;
  readonly answer: LastingAnswer;
  /** The newest event that it could not take yet. Events are hints to look again, so the newest is enough. */
  waiting: string | undefined;
}

/**
 * Tells browsers that something changed. Each event is a hint of which only the newest counts: a client that is slow
 * gets fewer of them, and nothing piles up.
 */
@Injectable()
export class ServerSentEvents implements BeforeApplicationShutdown {
  private readonly clients = new Set<Client>();
  private newest: string | undefined;
  private heartbeat: NodeJS.Timeout | undefined;

  get count(): number {
    return this.clients.size;
  }

  /**
   * Makes the answer a stream of events until the caller goes away; it begins with the newest event there was. For
   * handlers with `@Res() reply`.
   * It ends when a look, with every sign of life, finds that the caller may not listen any more.
   * @throws Overloaded when too many are listening
   */
  async open(reply: FastifyReply, answer: LastingAnswer): Promise<void> {
    if (this.clients.size >= CLIENTS_MAX) {
      throw new Overloaded('events.too-many-listeners', `${CLIENTS_MAX} listen already. Try again later.`, {
        data: { retryAfterS: 30 },
      });
    }
    const client: Client = { stream: new PassThrough(), answer, waiting: undefined };
    this.clients.add(client);
    this.heartbeat ??= setInterval(() => this.lookAtAll(), HEARTBEAT_MS).unref();
    client.stream.once('close', () => this.drop(client)).on('error', () => this.drop(client));
    client.stream.on('drain', () => this.catchUp(client));
    client.stream.write(`retry: ${RECONNECT_MS}\n\n${this.newest ?? ''}`);
    await reply.type('text/event-stream').header('x-accel-buffering', 'no').send(client.stream);
  }

  /** @param event a word, for example `moved` */
  publish(event: string, data: unknown): void {
    if (!/^[\w.-]+$/.test(event)) throw new Error(`Not the name of an event: ${event}`);
    this.newest = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    this.broadcast(this.newest);
  }

  /** Without this, open streams would keep the server from closing. */
  beforeApplicationShutdown(): void {
    for (const client of [...this.clients]) {
      client.stream.end();
      this.drop(client);
    }
  }

  /** An event says nothing but that there is something to read, which is asked for anew: to look now and then is enough. */
  private lookAtAll(): void {
    this.broadcast(': alive\n\n');
    for (const client of [...this.clients]) {
      client.answer.assertGoesOn().catch(() => {
        client.stream.end();
        this.drop(client);
      });
    }
  }

  private broadcast(text: string): void {
    for (const client of this.clients) {
      if (!client.stream.writableNeedDrain) client.stream.write(text);
      else if (text.startsWith('event')) client.waiting = text;
    }
  }

  private catchUp(client: Client): void {
    const { waiting } = client;
    client.waiting = undefined;
    if (waiting !== undefined) client.stream.write(waiting);
  }

  private drop(client: Client): void {
    this.clients.delete(client);
    if (this.clients.size > 0) return;
    clearInterval(this.heartbeat);
    this.heartbeat = undefined;
  }
}
