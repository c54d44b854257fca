import fc from 'fast-check';
import ICAL from 'ical.js';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import type { SMTPServerOptions } from 'smtp-server';
import { localhostCertificate } from '#test/support/certificate.js';
import { anEmail, calendarPart, CHANNEL_CHAIN } from '#test/support/outgoing-message.js';
import {
  type MailServer,
  mailServer,
  type ReceivedMail,
  type Script,
  type ScriptedServer,
  scriptedServer,
} from '#test/support/smtp-servers.js';
import type { OutgoingMessage } from '#libs/messaging/src/channel.contract.js';
import { messageIdOf } from './mail-content.js';
import { SmtpChannel, type SmtpSettings } from './smtp.channel.js';

const FROM = 'reminders@clinic.example.com';
/** For a server that answers: however slow the machine is, a message is not given up. */
const PATIENT = { connectMsMax: 30_000, silenceMsMax: 30_000, sendMsMax: 60_000 };
/** For a server that falls silent, so that it is noticed soon. */
const IMPATIENT = { connectMsMax: 1_000, silenceMsMax: 1_000, sendMsMax: 5_000 };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function channelTo(port: number, settings: Partial<SmtpSettings> = {}, ca?: string, limits = PATIENT): SmtpChannel {
  const plain = { host: '127.0.0.1', port, secure: false, requireTls: false, from: FROM };
  const channel = new SmtpChannel({ ...plain, ...settings }, limits, ca);
  closing.push(() => channel.close());
  return channel;
}

async function started(options: SMTPServerOptions = {}): Promise<MailServer> {
  const server = await mailServer(options);
  closing.push(server.close);
  return server;
}

async function scripted(script: Script): Promise<ScriptedServer> {
  const server = await scriptedServer(script);
  closing.push(server.close);
  return server;
}

const send = (channel: SmtpChannel, changes: Partial<OutgoingMessage> = {}) =>
  channel.send(CHANNEL_CHAIN, anEmail(changes));

async function sent(changes: Partial<OutgoingMessage>): Promise<{ mail: ParsedMail; raw: string; to: string[] }> {
  const server = await started();
  expect(await send(channelTo(server.port), changes)).toMatchObject({ kind: 'accepted' });
  expect(server.received).toHaveLength(1);
  const [{ raw, to }] = server.received as [ReceivedMail];
  return { mail: await simpleParser(raw), raw: raw.toString('utf8'), to: [...to] };
}

/** Names of header fields before the first blank line. */
const fieldsOf = (raw: string): string[] =>
  (raw.split('\r\n\r\n')[0] ?? '')
    .split('\r\n')
    .filter((line) => !/^[ \t]/.test(line))
    .map((line) => line.slice(0, line.indexOf(':')).toLowerCase());

describe('a mail as others read it', () => {
  it('has text and HTML, the sender’s name, one recipient, and a dot on its own line stays', async () => {
    const { mail, to } = await sent({});
    expect(mail.text?.trim().replace(/\r/g, '')).toBe(anEmail().body);
    expect(mail.html).toBe(anEmail().html);
    expect(mail.subject).toBe('Randevunuz yarın');
    expect(mail.from?.value).toEqual([{ name: 'Klinik Işık', address: FROM }]);
    expect((mail.to as AddressObject).value).toEqual([{ name: '', address: 'ayse@example.org' }]);
    expect(to).toEqual(['ayse@example.org']);
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('has the same Message-ID in every attempt, made from the key and our domain', async () => {
    const first = await sent({ attempt: 1 });
    const second = await sent({ attempt: 2 });
    const other = await sent({ idempotencyKey: 'another' });
    expect(first.mail.messageId).toMatch(/^<[0-9a-f]{40}@clinic\.example\.com>$/);
    expect(second.mail.messageId).toBe(first.mail.messageId);
    expect(other.mail.messageId).not.toBe(first.mail.messageId);
  });

  it('is known by its Message-ID', async () => {
    const server = await started();
    expect(await send(channelTo(server.port))).toEqual({
      kind: 'accepted',
      reference: messageIdOf(anEmail().idempotencyKey, FROM),
    });
  });

  it('can be stopped with one click where there is an address for it', async () => {
    const url = `https://pistor.example.com/v1/unsubscribe/${'t'.repeat(120)}?kind=recall&x=${'y'.repeat(60)}`;
    const { raw } = await sent({ unsubscribeUrl: url });
    expect(raw).toContain(`\r\nList-Unsubscribe: <${url}>\r\n`);
    expect(raw).toContain('\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n');
  });

  it('promises no one click where there is no address, or none with TLS', async () => {
    expect(fieldsOf((await sent({})).raw).filter((field) => field.startsWith('list-'))).toEqual([]);
    const insecure = await sent({ unsubscribeUrl: 'http://pistor.example.com/u/1' });
    expect(fieldsOf(insecure.raw).filter((field) => field.startsWith('list-'))).toEqual(['list-unsubscribe']);
  });

  it.each(['REQUEST', 'CANCEL'] as const)(
    'holds the calendar as a part with method %s, and as a file',
    async (method) => {
      const calendar = calendarPart(method, 3);
      const { mail, raw } = await sent({ calendar });
      expect(raw).toMatch(new RegExp(`Content-Type: text/calendar; charset=utf-8; method=${method}\r\n`));
      const parts = mail.attachments.filter(({ contentType }) => /calendar|ics/.test(contentType));
      expect(parts.map(({ contentType }) => contentType).sort()).toEqual(['application/ics', 'text/calendar']);
      expect(parts.map(({ filename }) => filename)).toContain('appointment.ics');
      for (const { content } of parts) {
        const parsed = new ICAL.Component(ICAL.parse((content as Buffer).toString('utf8')));
        const event = new ICAL.Event(parsed.getFirstSubcomponent('vevent') ?? undefined);
        expect(parsed.getFirstPropertyValue('method')).toBe(method);
        expect([event.uid, event.sequence]).toEqual([calendar.uid, 3]);
        expect(event.summary).toBe('Randevu – Klinik Işık, Bağdat Caddesi 100, Kadıköy, İstanbul');
        expect(event.startDate.toJSDate().toISOString()).toBe('2026-03-02T07:00:00.000Z');
      }
      expect(mail.text).toContain('yarın 10:00');
    },
  );

  it('says in its headers nothing that stands in its text', async () => {
    const { raw } = await sent({ body: 'mesotherapy', html: '<p>mesotherapy</p>', kind: 'aftercare' });
    const [head = ''] = raw.split('\r\n\r\n');
    expect(head).not.toMatch(/mesotherapy|aftercare/i);
    expect(fieldsOf(raw).sort()).toEqual([
      'auto-submitted',
      'content-language',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-auto-response-suppress',
    ]);
  });

  it('never lets a name, subject or address make a header, a recipient or a part of its own', async () => {
    const server = await started();
    const channel = channelTo(server.port);
    const usual = fieldsOf((await sent({ unsubscribeUrl: null })).raw).sort();
    const nasty = fc.array(
      fc.oneof(
        fc.constantFrom(
          '\r\n',
          '\n',
          '\r',
          '\0',
          '\u2028',
          '\u0085',
          'Bcc: eve@example.net',
          '\r\n\r\n',
          '<',
          '>',
          '"',
        ),
        fc.constantFrom(
          ',',
          ';',
          ':',
          '@',
          '\\',
          '(',
          ')',
          '=?utf-8?Q?=0D=0ABcc:_eve@example.net?=',
          'İ',
          '\ud800',
          '💉',
        ),
        fc.string({ unit: 'grapheme', maxLength: 12 }),
      ),
      { maxLength: 12 },
    );
    const text = nasty.map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, text, fc.oneof(fc.constant('ayse'), text), async (sender, subject, local) => {
        const before = server.received.length;
        const result = await send(channel, { sender, subject, to: `${local}@example.org` });
        if (result.kind === 'rejected') return expect(server.received).toHaveLength(before);
        expect(result).toMatchObject({ kind: 'accepted' });
        const { raw, to } = server.received.at(-1) as ReceivedMail;
        expect(to).toHaveLength(1);
        const head = raw.toString('utf8');
        // An empty name or subject leaves its field out or empty; nothing comes to it.
        expect(fieldsOf(head).filter((field) => !usual.includes(field))).toEqual([]);
        expect(new Set(fieldsOf(head)).size).toBe(fieldsOf(head).length);
        const mail = await simpleParser(raw);
        expect([mail.bcc, mail.cc, mail.attachments.length]).toEqual([undefined, undefined, 0]);
        expect((mail.to as AddressObject).value).toHaveLength(1);
        expect(mail.from?.value.map(({ address }) => address)).toEqual([FROM]);
        expect(mail.text?.trim().replace(/\r/g, '')).toBe(anEmail().body);
      }),
      { numRuns: 150 },
    );
  });
});

describe('what a failure means', () => {
  it.each<[string, Script, string, RegExp]>([
    ['a greeting of 554', { greeting: '554 5.7.1 go away' }, 'refused', /554 5\.7\.1/],
    ['a greeting of 421', { greeting: '421 4.3.2 too busy' }, 'refused', /421 4\.3\.2/],
    ['silence in place of a greeting', { greeting: 'hang' }, 'refused', /ETIMEDOUT/],
    ['an end before the greeting', { greeting: 'drop' }, 'refused', /ECONNECTION/],
    ['an end after EHLO', { ehlo: 'drop' }, 'refused', /no session/],
    ['silence after EHLO', { ehlo: 'hang' }, 'refused', /no session/],
    ['4xx for the sender', { mail: '451 4.3.0 later' }, 'refused', /451 4\.3\.0 at MAIL FROM/],
    ['5xx for the sender', { mail: '550 5.7.1 not you' }, 'refused', /mend its settings/],
    ['a demand to sign in', { mail: '530 5.7.0 sign in' }, 'refused', /SMTP_URL/],
    ['a message that is too large', { mail: '552 5.3.4 too large' }, 'rejected', /552/],
    ['4xx for the recipient', { rcpt: '450 4.2.1 greylisted' }, 'refused', /450 4\.2\.1 at RCPT TO/],
    ['5xx for the recipient', { rcpt: '550 5.1.1 <ayse@example.org> unknown' }, 'rejected', /550 5\.1\.1 at RCPT TO/],
    ['an end after RCPT', { rcpt: 'drop' }, 'refused', /no session/],
    ['silence after RCPT', { rcpt: 'hang' }, 'refused', /ETIMEDOUT/],
    ['4xx for DATA', { data: '451 4.3.0 later' }, 'refused', /451/],
    ['5xx for DATA', { data: '554 5.5.1 no' }, 'rejected', /554/],
    ['an end in place of 354', { data: 'drop' }, 'refused', /no session/],
    ['4xx after the dot', { end: '451 4.7.0 later' }, 'refused', /451 4\.7\.0 at DATA/],
    ['421 after the dot', { end: '421 4.3.2 closing' }, 'refused', /421/],
    ['5xx after the dot', { end: '554 5.7.1 spam' }, 'rejected', /554 5\.7\.1 at DATA/],
    ['an end after the dot', { end: 'drop' }, 'unknown', /no answer/],
    ['silence after the dot', { end: 'hang' }, 'unknown', /ETIMEDOUT/],
    ['an end in the middle of the message', { middle: 'drop', end: 'drop' }, 'unknown', /no answer/],
  ])('%s', async (_name, script, kind, problem) => {
    const server = await scripted(script);
    const limits = Object.values(script).includes('hang') ? IMPATIENT : PATIENT;
    const result = await send(channelTo(server.port, {}, undefined, limits));
    expect(result).toMatchObject({ kind, problem: expect.stringMatching(problem) });
    expect(JSON.stringify(result)).not.toMatch(/ayse|example\.org|go away|unknown>/);
  });

  it('nobody listens: refused', async () => {
    const { port, close } = await scriptedServer({});
    await close();
    expect(await send(channelTo(port))).toEqual({
      kind: 'refused',
      problem: 'no session with the SMTP server (ESOCKET, ECONNREFUSED)',
    });
  });

  it('the host is not known: refused', async () => {
    expect(await send(channelTo(25, { host: 'mail.invalid' }))).toMatchObject({
      kind: 'refused',
      problem: expect.stringMatching(/^no session with the SMTP server/),
    });
  });

  it('wrong password: refused, and for the operator to mend', async () => {
    const server = await started({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        username === 'pistor' && password === 'right' ? done(null, { user: username }) : done(new Error('no')),
    });
    expect(await send(channelTo(server.port, { user: 'pistor', password: 'wrong' }))).toMatchObject({
      kind: 'refused',
      problem: expect.stringMatching(/535.*mend user and password in SMTP_URL/),
    });
    const right = channelTo(server.port, { user: 'pistor', password: 'right' });
    expect(await send(right)).toMatchObject({ kind: 'accepted' });
  });

  it('answers of smtp-server itself are classed alike', async () => {
    const fail = (responseCode: number) => Object.assign(new Error('no'), { responseCode });
    const recipient = await started({ onRcptTo: (_to, _session, done) => done(fail(550)) });
    expect(await send(channelTo(recipient.port))).toMatchObject({ kind: 'rejected' });
    const later = await started({
      onData: (stream, _session, done) => {
        stream.resume().on('end', () => done(fail(452)));
      },
    });
    expect(await send(channelTo(later.port))).toMatchObject({ kind: 'refused' });
  });

  it('an answer that does not come to its end is given up in time, and is unknown', async () => {
    const server = await scripted({ end: '250-taken' });
    const from = Date.now();
    const channel = channelTo(server.port, {}, undefined, { ...PATIENT, sendMsMax: 1_500 });
    expect(await send(channel)).toMatchObject({ kind: 'unknown' });
    expect(Date.now() - from).toBeLessThan(PATIENT.silenceMsMax);
  });

  it('an address that is none goes nowhere', async () => {
    const server = await started();
    const channel = channelTo(server.port);
    for (const to of [
      '',
      'ayse',
      'a@b@c',
      'a,b@example.org',
      'a@example.org, b@example.org',
      'a@ex ample.org',
      '"a"@x.org',
    ]) {
      expect(await send(channel, { to })).toEqual({ kind: 'rejected', problem: 'the address is no e-mail address' });
    }
    expect(server.received).toEqual([]);
  });

  it('what failed does not spoil what follows', async () => {
    let calls = 0;
    const server = await started({
      onRcptTo: (_to, _session, done) => {
        calls += 1;
        done(calls === 1 ? Object.assign(new Error('no'), { responseCode: 550 }) : undefined);
      },
    });
    const channel = channelTo(server.port);
    expect((await send(channel)).kind).toBe('rejected');
    expect((await send(channel)).kind).toBe('accepted');
    expect(server.received).toHaveLength(1);
  });

  it('hands a message over once, also where the server hangs up under it', async () => {
    const server = await scripted({ end: 'drop' });
    const channel = channelTo(server.port);
    const results = await Promise.all(Array.from({ length: 12 }, () => send(channel)));
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['unknown']));
    expect(server.messages).toBe(12);
  });
});

describe('TLS', () => {
  const own = localhostCertificate();

  it('is used where the server offers STARTTLS', async () => {
    const server = await started({ ...own, disabledCommands: [] });
    const channel = channelTo(server.port, { host: 'localhost', requireTls: true }, own.cert);
    expect(await send(channel)).toMatchObject({ kind: 'accepted' });
    expect(server.received[0]?.session.secure).toBe(true);
  });

  it('is used from the first byte with smtps', async () => {
    const server = await started({ ...own, secure: true });
    const channel = channelTo(server.port, { host: 'localhost', secure: true }, own.cert);
    expect(await send(channel)).toMatchObject({ kind: 'accepted' });
  });

  it('refuses a server that offers none where it is asked for', async () => {
    const server = await started();
    expect(await send(channelTo(server.port, { requireTls: true }))).toMatchObject({ kind: 'refused' });
    expect(server.received).toEqual([]);
  });

  it('refuses a certificate that nobody vouches for', async () => {
    const server = await started({ ...own, disabledCommands: [] });
    expect(await send(channelTo(server.port, { host: 'localhost', requireTls: true }))).toMatchObject({
      kind: 'refused',
      problem: expect.stringMatching(/SELF_SIGNED/),
    });
    expect(server.received).toEqual([]);
  });
});
