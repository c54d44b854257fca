import { createHash } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { twilioSignature } from '#libs/channels/src/twilio.signature.js';
import type { Random } from '../simulation/random.js';

/** What one provider did with one call. */
export interface ChaosCall {
  readonly provider: 'webhook' | 'twilio';
  readonly at: number;
  readonly messageId: string;
  /** What tells a repeat; of Twilio, which knows none, each call's own. */
  readonly key: string;
  /** As the message says; undefined where it does not. */
  readonly attempt: number | undefined;
  readonly mood: Mood | 'knows-it-already' | 'not-genuine';
  /** Whether the recipient was written to by this call. */
  readonly delivers: boolean;
  /** Whether whoever called was told for certain that nothing was taken. */
  readonly certainlyNot: boolean;
}

const MOODS = {
  accepts: 80,
  rejects: 1,
  /** 429 */
  refuses: 5,
  'takes-and-is-silent': 3,
  'takes-and-breaks-off': 3,
  'takes-and-says-500': 3,
  'is-silent': 2,
  'says-500': 3,
} as const;
type Mood = keyof typeof MOODS;
const TAKES: ReadonlySet<Mood> = new Set([
  ...(['accepts', 'takes-and-is-silent', 'takes-and-breaks-off', 'takes-and-says-500'] as const),
]);
const RECEIPTS_TRIES_MAX = 20;

export interface ProviderSettings {
  readonly webhookSecret: string;
  readonly twilioToken: string;
  /** Where receipts go: set before the first call. */
  publicUrl: string;
}

/**
 * A webhook's endpoint, which takes a repeat under the same `webhook-id` for the same, and Twilio, which does not and
 * sends receipts: both on one real HTTP server, in whatever mood.
 */
export class ChaosProvider {
  readonly calls: ChaosCall[] = [];
  /** While false it takes whatever comes. */
  isMoody = true;
  private readonly known = new Set<string>();
  private readonly sockets = new Set<Socket>();
  private readonly server: http.Server;
  private readonly receipts = new Set<Promise<void>>();

  constructor(
    private readonly random: Random,
    private readonly settings: ProviderSettings,
  ) {
    this.server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => this.answer(request, response, Buffer.concat(chunks).toString('utf8')));
    });
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Waits for the receipts that are on their way. */
  async settled(): Promise<void> {
    while (this.receipts.size > 0) await Promise.all(this.receipts);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  private answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    if (request.url?.endsWith('/Messages.json')) this.asTwilio(response, new URLSearchParams(body));
    else this.asWebhook(request, response, body);
  }

  private asWebhook({ headers }: IncomingMessage, response: ServerResponse, body: string): void {
    const key = String(headers['webhook-id']);
    const { data } = JSON.parse(body) as { data: { messageId: string; attempt: number } };
    const { messageId, attempt } = data;
    const call = { provider: 'webhook' as const, at: Date.now(), messageId, key, attempt };
    try {
      new Webhook(this.settings.webhookSecret).verify(body, headers as Record<string, string>);
    } catch {
      this.calls.push({ ...call, mood: 'not-genuine', delivers: false, certainlyNot: true });
      response.writeHead(401).end();
      return;
    }
    if (this.known.has(key)) {
      this.calls.push({ ...call, mood: 'knows-it-already', delivers: false, certainlyNot: false });
      response.writeHead(200).end();
      return;
    }
    const mood = this.mood();
    if (TAKES.has(mood)) this.known.add(key);
    this.calls.push({ ...call, mood, delivers: TAKES.has(mood), certainlyNot: isCertainlyNot(mood) });
    behave(mood, response, 200, '');
  }

  private asTwilio(response: ServerResponse, form: URLSearchParams): void {
    const callback = form.get('StatusCallback') ?? '';
    const messageId = callback.slice(callback.lastIndexOf('/') + 1);
    const key = `twilio-${this.calls.length}`;
    const sid = `SM${createHash('md5').update(key).digest('hex')}`;
    const mood = this.mood();
    const call = { provider: 'twilio' as const, at: Date.now(), messageId, key, attempt: undefined };
    this.calls.push({ ...call, mood, delivers: TAKES.has(mood), certainlyNot: isCertainlyNot(mood) });
    if (TAKES.has(mood)) this.tell(callback, sid);
    behave(mood, response, 201, JSON.stringify({ sid, status: 'queued' }));
  }

  private mood(): Mood {
    return this.isMoody ? this.random.weighted(MOODS) : 'accepts';
  }

  /** Receipts in any order, each once or twice. */
  private tell(callback: string, sid: string): void {
    const { random } = this;
    const statuses = ['queued', 'sent', random.chance(0.9) ? 'delivered' : 'undelivered'];
    for (const status of statuses) {
      for (let times = random.int(1, 2); times > 0; times -= 1) {
        const told: Promise<void> = this.tellOnce(callback, sid, status, random.int(0, 2_000)).finally(() =>
          this.receipts.delete(told),
        );
        this.receipts.add(told);
      }
    }
  }

  private async tellOnce(callback: string, sid: string, status: string, afterMs: number): Promise<void> {
    await sleep(afterMs);
    await toldAgain(callback, this.settings.twilioToken, { MessageSid: sid, MessageStatus: status });
  }
}

/** Calls until it is heard: the API may be down for a moment. */
export async function toldAgain(url: string, token: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const form = new URLSearchParams(fields);
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-twilio-signature': twilioSignature(token, url, form),
  };
  for (let tries = 1; tries <= RECEIPTS_TRIES_MAX; tries += 1) {
    const answer = await fetch(url, { method: 'POST', headers, body: form, signal: AbortSignal.timeout(5_000) }).catch(
      () => undefined,
    );
    await answer?.arrayBuffer().catch(() => undefined);
    if (answer && answer.status < 500) return;
    await sleep(1_000);
  }
}

const isCertainlyNot = (mood: Mood): boolean => mood === 'rejects' || mood === 'refuses';

function behave(mood: Mood, response: ServerResponse, status: number, body: string): void {
  switch (mood) {
    case 'accepts':
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      return;
    case 'rejects':
      response.writeHead(400).end();
      return;
    case 'refuses':
      response.writeHead(429, { 'retry-after': '2' }).end();
      return;
    case 'says-500':
    case 'takes-and-says-500':
      response.writeHead(500).end();
      return;
    case 'takes-and-breaks-off':
      response.socket?.destroy();
      return;
    // Whoever called hangs up in the end.
    case 'is-silent':
    case 'takes-and-is-silent':
  }
}
