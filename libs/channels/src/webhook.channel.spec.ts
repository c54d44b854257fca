import type { LookupAddress } from 'node:dns';
import { Webhook } from 'standardwebhooks';
import { localhostCertificate } from '#test/support/certificate.js';
import { type Behaviour, deadPort, type HttpEndpoint, httpEndpoint } from '#test/support/http-endpoint.js';
import { anEmail, anSms, calendarPart, CHANNEL_CHAIN } from '#test/support/outgoing-message.js';
import { resolveByDns } from './public-address.js';
import { WebhookChannel, type WebhookSettings } from './webhook.channel.js';

const secretOf = (letter: string) => `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`;
const [OLD, NEW] = [secretOf('o'), secretOf('n')];

let endpoint: HttpEndpoint;
beforeEach(async () => {
  endpoint = await httpEndpoint({ status: 204 });
});
afterEach(() => endpoint.close());

const settings = (changes: Partial<WebhookSettings> = {}): WebhookSettings => ({
  url: `${endpoint.url}/hooks?chain=1`,
  secrets: [NEW],
  allowHosts: ['127.0.0.1'],
  ...changes,
});
const send = (channel = new WebhookChannel(settings(), 2_000), message = anEmail()) =>
  channel.send(CHANNEL_CHAIN, message);

describe('a message for the chain’s own endpoint', () => {
  it('is signed by Standard Webhooks, under the key of the message', async () => {
    const message = anEmail({ calendar: calendarPart('REQUEST', 1), unsubscribeUrl: 'https://pistor.example.com/u/1' });
    const result = await send(new WebhookChannel(settings()), message);
    expect(result).toEqual({ kind: 'accepted', reference: message.idempotencyKey });
    const [{ headers, body, path, method }] = endpoint.received as [HttpEndpoint['received'][number]];
    expect([method, path, headers['content-type']]).toEqual(['POST', '/hooks?chain=1', 'application/json']);
    expect(headers['webhook-id']).toBe(message.idempotencyKey);
    const payload = new Webhook(NEW).verify(body, headers as Record<string, string>);
    const { messageId, patientId, courseId, siteId, attempt, kind, to, language, sender, subject, html } = message;
    expect(payload).toEqual({
      type: 'message.outgoing',
      timestamp: message.sentAt,
      data: {
        ...{ messageId, patientId, courseId, siteId, attempt, kind, channel: 'email', to, language, sender, subject },
        ...{ text: message.body, html, calendar: message.calendar, unsubscribeUrl: message.unsubscribeUrl },
      },
    });
  });

  it('is signed with every secret, so that receivers of the old and of the new one are content', async () => {
    await send(new WebhookChannel(settings({ secrets: [NEW, OLD] })), anSms());
    const [{ headers, body }] = endpoint.received as [HttpEndpoint['received'][number]];
    for (const secret of [OLD, NEW]) {
      expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).not.toThrow();
    }
    expect(() => new Webhook(secretOf('x')).verify(body, headers as Record<string, string>)).toThrow();
    expect(() => new Webhook(NEW).verify(`${body} `, headers as Record<string, string>)).toThrow();
  });

  it('may be repeated under its key for a day', () => {
    expect(new WebhookChannel(settings()).deduplicatesForMs).toBe(24 * 3_600_000);
  });
});

describe('what the endpoint’s answer means', () => {
  it.each<[string, Behaviour, object]>([
    ['200', { status: 200, body: 'ok' }, { kind: 'accepted' }],
    ['200 with a body without end', 'endless', { kind: 'accepted' }],
    ['410', { status: 410 }, { kind: 'rejected' }],
    ['400', { status: 400 }, { kind: 'rejected', problem: 'the endpoint answered 400' }],
    ['422', { status: 422 }, { kind: 'rejected' }],
    ['401, which is about the endpoint and no message', { status: 401 }, { kind: 'refused' }],
    ['404, likewise', { status: 404 }, { kind: 'refused' }],
    ['429', { status: 429 }, { kind: 'refused' }],
    ['429 with a time', { status: 429, headers: { 'retry-after': '30' } }, { kind: 'refused', retryAfterMs: 30_000 }],
    ['503 with a time', { status: 503, headers: { 'retry-after': '1' } }, { kind: 'refused', retryAfterMs: 1_000 }],
    ['503 without', { status: 503 }, { kind: 'unknown' }],
    ['500', { status: 500 }, { kind: 'unknown' }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1/' } }, { kind: 'unknown' }],
    ['an end without an answer', 'reset', { kind: 'unknown' }],
  ])('%s', async (_name, behaviour, expected) => {
    endpoint.behaves(behaviour);
    expect(await send()).toMatchObject(expected);
    expect(endpoint.received).toHaveLength(1);
  });

  it('silence is unknown, and given up in time', async () => {
    endpoint.behaves('hang');
    expect(await send(new WebhookChannel(settings(), 200))).toMatchObject({
      kind: 'unknown',
      problem: expect.stringMatching(/time-out/),
    });
  });

  it('nobody there: certainly not sent', async () => {
    const url = `http://127.0.0.1:${await deadPort()}`;
    expect(await send(new WebhookChannel(settings({ url })))).toMatchObject({
      kind: 'refused',
      problem: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it('DNS that is silent is given up in time: certainly not sent', async () => {
    const silent = () => new Promise<LookupAddress[]>(() => {});
    const channel = new WebhookChannel(settings({ url: 'https://hooks.example.com' }), 100, silent);
    expect(await send(channel)).toEqual({ kind: 'refused', problem: 'the endpoint was not found (time-out)' });
  });
});

describe('where a webhook may go', () => {
  const looked: string[] = [];
  const answering =
    (...addresses: string[]) =>
    async (hostname: string): Promise<LookupAddress[]> => {
      looked.push(hostname);
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    };
  beforeEach(() => looked.splice(0));

  it.each([
    ['http://hooks.example.com/', ['93.184.215.14']],
    ['https://hooks.example.com/', ['127.0.0.1']],
    ['https://hooks.example.com/', ['93.184.215.14', '10.0.0.1']],
    ['https://hooks.example.com/', ['::ffff:169.254.169.254']],
    ['https://127.0.0.1/', []],
    ['https://0x7f.1/', []],
    ['https://2130706433/', []],
    ['https://[::1]/', []],
    ['https://[::ffff:10.0.0.1]/', []],
  ])('not to %s with the addresses %j', async (url, addresses) => {
    const channel = new WebhookChannel(settings({ url, allowHosts: [] }), 1_000, answering(...addresses));
    expect(await send(channel)).toMatchObject({ kind: 'refused', problem: expect.stringMatching(/https|not public/) });
  });

  it('to an address that was looked at, and not where the name points a moment later', async () => {
    const { key, cert } = localhostCertificate();
    const secure = await httpEndpoint({ status: 200 }, { key, cert });
    try {
      // The system knows `localhost` by itself and `hooks.invalid` not at all: what is connected to is what was given.
      const url = `http://hooks.invalid:${endpoint.port}/`;
      const allowed = settings({ url, allowHosts: ['hooks.invalid'] });
      expect((await send(new WebhookChannel(allowed, 2_000, answering('127.0.0.1')))).kind).toBe('accepted');
      expect(looked).toEqual(['hooks.invalid']);
      expect(endpoint.received[0]?.headers.host).toBe(`hooks.invalid:${endpoint.port}`);

      const tls = settings({ url: secure.url, allowHosts: ['localhost'] });
      expect((await send(new WebhookChannel(tls, 2_000, resolveByDns, cert))).kind).toBe('accepted');
      const untrusted = await send(new WebhookChannel(tls, 2_000, resolveByDns));
      expect(untrusted).toMatchObject({ kind: 'refused', problem: expect.stringMatching(/SELF_SIGNED/) });
      expect(secure.received).toHaveLength(1);
    } finally {
      await secure.close();
    }
  });
});
