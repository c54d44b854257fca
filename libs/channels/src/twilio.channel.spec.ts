import { anSms, CHANNEL_CHAIN } from '#test/support/outgoing-message.js';
import { type Behaviour, deadPort, type HttpEndpoint, httpEndpoint } from '#test/support/http-endpoint.js';
import { localhostCertificate } from '#test/support/certificate.js';
import { TwilioChannel, type TwilioSettings } from './twilio.channel.js';

const ACCOUNT = `AC${'1'.repeat(32)}`;
const SID = `SM${'a'.repeat(32)}`;
const CREATED: Behaviour = { status: 201, body: JSON.stringify({ sid: SID, status: 'queued' }) };

let twilio: HttpEndpoint;
beforeEach(async () => {
  twilio = await httpEndpoint(CREATED);
});
afterEach(() => twilio.close());

function channel(changes: Partial<TwilioSettings> = {}, publicUrl?: string, sendMsMax = 2_000): TwilioChannel {
  const settings = {
    accountSid: ACCOUNT,
    authToken: 'the-token',
    sender: { from: '+14155550100' },
    apiUrl: twilio.url,
  };
  return new TwilioChannel({ ...settings, ...changes }, publicUrl, sendMsMax);
}

const send = (from = channel()) => from.send(CHANNEL_CHAIN, anSms());
const failing = (status: number, code: number): Behaviour => ({
  status,
  body: JSON.stringify({ code, message: `The number +905321234567 is not good`, status }),
});

describe('a message for Twilio', () => {
  it('is a form with number, sender, text and where receipts go, under the account’s name', async () => {
    const result = await send(channel({}, 'https://pistor.example.com/base'));
    expect(result).toEqual({ kind: 'accepted', reference: SID });
    const [request] = twilio.received;
    expect(request).toMatchObject({ method: 'POST', path: `/2010-04-01/Accounts/${ACCOUNT}/Messages.json` });
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from(`${ACCOUNT}:the-token`).toString('base64')}`);
    expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      To: '+905321234567',
      From: '+14155550100',
      Body: anSms().body,
      StatusCallback: `https://pistor.example.com/base/v1/channels/sms/receipts/${anSms().messageId}`,
    });
  });

  it('comes from a messaging service where one is named, and asks for no receipts without a public address', async () => {
    const messagingServiceSid = `MG${'2'.repeat(32)}`;
    await send(channel({ sender: { messagingServiceSid } }));
    expect(Object.fromEntries(new URLSearchParams(twilio.received[0]?.body))).toEqual({
      To: '+905321234567',
      MessagingServiceSid: messagingServiceSid,
      Body: anSms().body,
    });
  });

  it('is sent once, with what follows a key left to the dispatcher', async () => {
    expect(channel().deduplicatesForMs).toBe(0);
    twilio.behaves('reset');
    await send();
    expect(twilio.received).toHaveLength(1);
  });
});

describe('what Twilio’s answer means', () => {
  it.each<[string, Behaviour, string, RegExp]>([
    ['21211, a number that is none', failing(400, 21211), 'rejected', /21211: the number is not valid/],
    ['21610, an opt-out', failing(400, 21610), 'rejected', /21610: the recipient has opted out/],
    ['21614, a landline', failing(400, 21614), 'rejected', /21614/],
    ['an error that is not known here', failing(400, 29999), 'rejected', /400, error 29999$/],
    ['21606, a sender that cannot', failing(400, 21606), 'refused', /TWILIO_FROM/],
    ['21408, a country that is shut', failing(400, 21408), 'refused', /country/],
    ['21611, a queue that is full', failing(400, 21611), 'refused', /too many/],
    ['401', failing(401, 20003), 'refused', /mend the account/],
    ['401 from a proxy', { status: 401 }, 'refused', /TWILIO_AUTH_TOKEN/],
    ['403', { status: 403, body: '<html>' }, 'refused', /TWILIO_ACCOUNT_SID/],
    ['404, an account that is not known', failing(404, 20404), 'refused', /not known/],
    ['429', failing(429, 20429), 'refused', /too many/],
    ['500', { status: 500 }, 'unknown', /500/],
    ['503', { status: 503, headers: { 'retry-after': '5' } }, 'unknown', /503/],
    ['a redirect, which is not followed', { status: 307, headers: { location: '/elsewhere' } }, 'unknown', /307/],
    ['200 without an id', { status: 200, body: '<html>Welcome to our Wi-Fi</html>' }, 'unknown', /without the id/],
    ['an id that is none', { status: 201, body: JSON.stringify({ sid: 'x\r\ny' }) }, 'unknown', /without the id/],
    ['an end in the middle of the answer', 'half', 'unknown', /without the id/],
    ['an answer without end', 'endless', 'unknown', /without the id/],
    ['an end without an answer', 'reset', 'unknown', /no answer \(ECONNRESET\)/],
  ])('%s', async (_name, behaviour, kind, problem) => {
    twilio.behaves(behaviour);
    const result = await send();
    expect(result).toMatchObject({ kind, problem: expect.stringMatching(problem) });
    expect(JSON.stringify(result)).not.toContain('905321234567');
    expect(twilio.received).toHaveLength(1);
  });

  it('waits for as long as 429 says', async () => {
    twilio.behaves({ status: 429, headers: { 'retry-after': '7' } });
    expect(await send()).toMatchObject({ kind: 'refused', retryAfterMs: 7_000 });
  });

  it('silence is unknown, and given up in time', async () => {
    twilio.behaves('hang');
    expect(await send(channel({}, undefined, 200))).toEqual({
      kind: 'unknown',
      problem: 'Twilio gave no answer (time-out)',
    });
  });

  it('nobody there, a name that is not known, or a certificate that nobody vouches for: certainly not sent', async () => {
    const secure = await httpEndpoint(CREATED, localhostCertificate());
    try {
      const urls = [`http://127.0.0.1:${await deadPort()}`, 'http://api.twilio.invalid', secure.url];
      const results = await Promise.all(urls.map((apiUrl) => send(channel({ apiUrl }))));
      expect(results.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'refused']);
      expect(secure.received).toEqual([]);
      expect(results[0]).toEqual({ kind: 'refused', problem: 'Twilio was not reached (ECONNREFUSED)' });
      expect(results[2]).toMatchObject({ problem: expect.stringMatching(/SELF_SIGNED/) });
    } finally {
      await secure.close();
    }
  });
});
