import type { Chain } from '#libs/event-store/src/chains.js';
import type { Channel, OutgoingMessage, SendResult } from '#libs/messaging/src/channel.contract.js';
import { type PostOutcome, post } from './http-post.js';
import { type PublicHost, publicHost, type Resolve, resolveByDns } from './public-address.js';
import { retryAfterMs } from './retry-after.js';

export interface WebhookSettings {
  readonly url: string;
  /** Each signs, so that a receiver that knows any one of them is content while they are changed. */
  readonly secrets: readonly string[];
  /** Hosts that may have any address, and be called without TLS; in lower case, IPv6 without brackets. */
  readonly allowHosts: readonly string[];
}

const SEND_MS_MAX = 10_000;
const DAY_MS = 24 * 60 * 60_000;

/** Something stands wrong with the endpoint as a whole, or in between; the message is not to blame. */
const ENDPOINT_STATUSES = new Set([401, 403, 404, 405, 407, 408, 421, 425]);

/**
 * Messages as JSON to an endpoint of the chain's own, signed by Standard Webhooks (standardwebhooks.com), whose receivers
 * are asked to remember `webhook-id` for a day.
 */
export class WebhookChannel implements Channel {
  readonly transport = 'webhook';
  readonly deduplicatesForMs = DAY_MS;

  constructor(
    private readonly settings: WebhookSettings,
    private readonly sendMsMax: number = SEND_MS_MAX,
    private readonly resolve: Resolve = resolveByDns,
    private readonly ca?: string,
  ) {}

  async send(_chain: Chain, message: OutgoingMessage): Promise<SendResult> {
    const url = new URL(this.settings.url);
    const signal = AbortSignal.timeout(this.sendMsMax);
    const isAllowed = this.settings.allowHosts.includes(url.hostname.replace(/^\[|\]$/g, ''));
    if (url.protocol !== 'https:' && !isAllowed) return refused('the endpoint has no https');
    const host = await within(signal, publicHost(url.hostname, isAllowed, this.resolve));
    if (host.kind === 'unresolved') return refused(`the endpoint was not found (${host.problem})`);
    if (host.kind === 'private') {
      return refused(
        'the address of the endpoint is not public: where it is meant, name it in MESSAGE_WEBHOOK_ALLOW_HOSTS',
      );
    }
    const { addresses } = host;
    const body = JSON.stringify(payloadOf(message));
    const headers = await this.headersOf(message.idempotencyKey, body);
    const outcome = await post({ url, headers, body, signal, addresses, answerBytesMax: 0, ca: this.ca });
    return webhookResult(outcome, message.idempotencyKey, Date.now());
  }

  private async headersOf(id: string, body: string): Promise<Record<string, string>> {
    const { Webhook } = await import('standardwebhooks');
    const now = new Date();
    return {
      'content-type': 'application/json',
      'user-agent': 'Pistor',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': this.settings.secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
    };
  }
}

/** What the endpoint is sent. It goes to the patient as it stands; ids are for the endpoint's own records. */
function payloadOf(message: OutgoingMessage) {
  const { messageId, patientId, courseId, siteId, kind, channel, to, language } = message;
  const { sender, subject, body, html, calendar, unsubscribeUrl, sentAt, attempt } = message;
  const ids = { messageId, patientId, courseId, siteId };
  const content = { sender, subject, text: body, html, calendar, unsubscribeUrl };
  return {
    type: 'message.outgoing',
    timestamp: sentAt,
    data: { ...ids, attempt, kind, channel, to, language, ...content },
  };
}

/** What the endpoint's answer, or the lack of one, means for the message. */
export function webhookResult(outcome: PostOutcome, reference: string, nowMs: number): SendResult {
  if (outcome.kind === 'not-sent') return refused(`the endpoint was not reached (${outcome.problem})`);
  if (outcome.kind === 'no-answer') return unknown(`the endpoint gave no answer (${outcome.problem})`);
  const { status } = outcome;
  if (status >= 200 && status < 300) return { kind: 'accepted', reference };
  const said = `the endpoint answered ${status}`;
  const afterMs = retryAfterMs(outcome.headers['retry-after'], nowMs);
  if (status === 429 || (status === 503 && afterMs !== undefined)) return refused(said, afterMs);
  if (ENDPOINT_STATUSES.has(status)) return refused(`${said}: mend it or MESSAGE_WEBHOOK_URL`, afterMs);
  if (status >= 400 && status < 500) return { kind: 'rejected', problem: said };
  if (status >= 300 && status < 400) return unknown(`${said}, and redirects are not followed`);
  return unknown(said);
}

const refused = (problem: string, afterMs?: number): SendResult => ({
  kind: 'refused',
  problem,
  ...(afterMs !== undefined && { retryAfterMs: afterMs }),
});
const unknown = (problem: string): SendResult => ({ kind: 'unknown', problem });

/** DNS has no time-out that could be set. */
function within(signal: AbortSignal, found: Promise<PublicHost>): Promise<PublicHost> {
  const late = new Promise<PublicHost>((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'unresolved', problem: 'time-out' }), { once: true });
  });
  return Promise.race([found, late]);
}
