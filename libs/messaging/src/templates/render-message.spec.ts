import fc from 'fast-check';
import { parse } from 'parse5';
import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import { MATTER_SESSION, messageMatter } from '#test/support/message-matter.js';
import { courseOf, timelineOf } from '#test/support/messaging-timeline.js';
import { zoned } from '#test/support/treatment-history.js';
import { messageKindSchema } from '../message/message.events.js';
import { type MessageLinks, type MessageMatter, oneLine } from './message-content.js';
import { renderMessage, TEMPLATES } from './render-message.js';

const KINDS = messageKindSchema.options;
const LANGUAGES = Object.keys(TEMPLATES);
const CHANNELS = ['email', 'sms'] as const;

const LINKS = {
  confirm: 'https://clinic.example/m/1/confirm',
  other: 'https://clinic.example/m/1/other',
  stop: 'https://clinic.example/m/1/stop',
  well: 'https://clinic.example/m/1/well',
  worried: 'https://clinic.example/m/1/worried',
  unsubscribe: 'https://clinic.example/m/1/unsubscribe',
} as const satisfies MessageLinks;

const email = (matter: MessageMatter, language = 'en') => renderMessage(matter, 'email', language);
const sms = async (matter: MessageMatter, language = 'en') => (await renderMessage(matter, 'sms', language)).body;

/** What an HTML parser makes of a document: its words, its addresses, and what it had to complain about. */
function readHtml(html: string) {
  const errors: string[] = [];
  const document = parse(html, { onParseError: ({ code }) => errors.push(code) });
  const [words, addresses, tags]: [string[], string[], string[]] = [[], [], []];
  const attributes: Record<string, string> = {};
  const walk = (node: object) => {
    const { nodeName, value, attrs, childNodes } = node as {
      nodeName: string;
      value?: string;
      attrs?: { name: string; value: string }[];
      childNodes?: object[];
    };
    tags.push(nodeName);
    if (nodeName === 'style' || nodeName === 'title') return;
    if (nodeName === '#text') words.push(value ?? '');
    for (const { name, value: is } of attrs ?? []) {
      if (name === 'href') addresses.push(is);
      if (nodeName === 'html') attributes[name] = is;
    }
    childNodes?.forEach(walk);
  };
  walk(document);
  return { errors, addresses, tags, attributes, text: words.join(' ').replace(/\s+/g, ' ') };
}

describe('aftercare', () => {
  it('[aftercare.own-ends] has a line for each thing, each with its own end as the clock of the site will show it', async () => {
    const { body } = await email(messageMatter('aftercare'));
    expect(body).toContain('Hello İpek,');
    const washing = body.split('\n').find((line) => line.includes('wash'));
    expect(washing).toMatch(/^- .* Until Wednesday,? 13 May 2026, 14:45\.$/);
  });

  it('[aftercare.own-ends] says no end for what goes on', async () => {
    const { body } = await email(messageMatter('aftercare'));
    const sun = body.split('\n').find((line) => line.includes('sunscreen'));
    expect(sun).toMatch(/^- /);
    expect(sun).not.toContain('Until');
  });

  it('[message.treatment-unnamed] names the treatment in the e-mail and not in the subject', async () => {
    const { subject, body, html } = await email(messageMatter('aftercare'));
    expect(body).toContain('Facial mesotherapy');
    expect(readHtml(html as string).text).toContain('Facial mesotherapy');
    expect(subject).toBe('After your visit: what to do and what to leave off');
  });

  it('leaves out what is over when a session was recorded late, and counts what is left', async () => {
    const all = (await email(messageMatter('aftercare'))).body;
    const late = (await email(messageMatter('aftercare', { now: '2026-05-20T09:00:00.000Z' }))).body;
    expect(late).not.toContain('Until');
    expect(late).toContain('sunscreen');
    const lines = (text: string) => text.split('\n').filter((line) => line.startsWith('- ')).length;
    expect(lines(all)).toBeGreaterThan(lines(late));
    for (const text of [all, late]) {
      const counted = lines(text) === 1 ? 'this instruction:' : `these ${lines(text)} instructions:`;
      expect(text).toContain(`Please keep to ${counted}`);
    }
  });
});

describe('aftercare of a protocol with very many instructions', () => {
  it('[aftercare.own-ends] tells every one of them', async () => {
    const { protocol } = messageMatter('aftercare');
    const [first] = protocol.aftercare as [(typeof protocol.aftercare)[number]];
    const aftercare = Array.from({ length: 500 }, (_, n) => ({
      ...{ ...first, id: `own-${n}`, subject: `own-${n}` },
      text: { en: `Instruction ${n}.` },
    }));
    const { body, html } = await email(messageMatter('aftercare', { protocol: { ...protocol, aftercare } }));
    expect(body).toContain('these 500 instructions');
    for (const text of [body, html as string]) expect(text).toContain('Instruction 499.');
  });
});

describe('aftercare by SMS', () => {
  it('[aftercare.own-ends] tells together what ends together, and last what has no end', async () => {
    const text = await sms(messageMatter('aftercare'));
    expect(text.match(/Until Wednesday,? 13 May 2026, 14:45: /g)).toHaveLength(1);
    const [before, after] = text.split('Until further notice: ') as [string, string];
    expect(before).toContain('Do not exercise.');
    expect(after).toMatch(/^Use sunscreen/);
    expect(after).not.toContain('Until');
  });

  it('says all that the e-mail says', async () => {
    for (const protocol of BUILT_IN_PROTOCOLS) {
      const { body } = await email(messageMatter('aftercare', { protocol }));
      const text = await sms(messageMatter('aftercare', { protocol }));
      const lines = body.split('\n').filter((line) => line.startsWith('- '));
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(text).toContain(line.slice(2).split(' Until ')[0]);
    }
  });
});

describe('the all-clear', () => {
  it('[all-clear.repeats] says what is free again and repeats what goes on', async () => {
    const { body } = await email(messageMatter('all-clear'));
    const [free, goesOn] = body.split('This goes on:');
    expect(free).toContain('You may exercise again.');
    expect(goesOn).toContain('sunscreen');
  });

  it('[all-clear.not-forbidden-again] does not free what the next session already forbids (S0-P1)', async () => {
    const alone = (await email(messageMatter('all-clear'))).body;
    const course = courseOf().performed('2026-05-12T14:00', { id: MATTER_SESSION }).booked('2026-05-19T14:00');
    const next = { course: timelineOf([course.events, { at: '2026-05-01T00:00:00.000Z' }]).course };
    const before = (await email(messageMatter('all-clear', next))).body;
    expect(alone).toContain('If you need aspirin, you may take it again.');
    expect(before).not.toContain('aspirin');
  });
});

describe('a notice before a session', () => {
  it('[aftercare.prescribed-medicine] asks to talk to the doctor and never to stop what one has prescribed', async () => {
    const { body } = await email(messageMatter('aspirin-notice'));
    expect(body).toContain('If a doctor has prescribed one to you, ask that doctor before you change anything.');
    expect(body).toContain('at Kadıköy');
  });
});

describe('what counts something', () => {
  it.each([
    ['en', '2026-05-20T05:00:00.000Z', 'your appointment is today, on '],
    ['en', '2026-05-19T20:30:00.000Z', 'your appointment is tomorrow, on '],
    ['en', '2026-05-19T21:30:00.000Z', 'your appointment is today, on '],
    ['en', '2026-05-17T09:00:00.000Z', 'your appointment is in 3 days, on '],
    ['fr', '2026-05-19T09:00:00.000Z', 'votre rendez-vous est demain, le '],
    ['fr', '2026-05-17T09:00:00.000Z', 'votre rendez-vous est dans 3 jours, le '],
    ['tr', '2026-05-20T05:00:00.000Z', 'randevunuz bugün, '],
    ['tr', '2026-05-17T09:00:00.000Z', 'randevunuz 3 gün sonra, '],
  ])('a reminder in %s at %s says by the days of the site: %s', async (language, now, words) => {
    expect(await sms(messageMatter('session-reminder', { now }), language)).toContain(words);
  });

  it.each([
    ['en', '2026-10-28T09:00:00.000Z', '2 weeks left'],
    ['en', '2026-11-05T09:00:00.000Z', '1 week left'],
    ['en', '2026-11-10T09:00:00.000Z', '2 days left'],
    ['en', '2026-11-11T09:00:00.000Z', '1 day left'],
    ['en', '2026-11-12T09:00:00.000Z', 'the last day'],
    ['fr', '2026-11-05T09:00:00.000Z', 'il reste 1 semaine'],
    ['fr', '2026-11-10T09:00:00.000Z', 'il reste 2 jours'],
    ['tr', '2026-10-28T09:00:00.000Z', '2 hafta kaldı'],
    ['tr', '2026-11-11T09:00:00.000Z', '1 gün kaldı'],
  ])('maintenance in %s at %s says what is left: %s', async (language, now, words) => {
    expect(await sms(messageMatter('maintenance-due', { now }), language)).toContain(words);
  });

  it('maintenance that opens soon says in how many weeks', async () => {
    const { body } = await email(messageMatter('maintenance-due-soon', { now: '2026-07-28T09:00:00.000Z' }));
    expect(body).toContain('The first day is in 2 weeks.');
  });
});

describe('a session that was moved', () => {
  it('says when it was to be and when it is now', async () => {
    const { body, subject } = await email(messageMatter('session-moved'));
    expect(body).toMatch(/was on Tuesday,? 19 May 2026, 09:00 and has been moved/);
    expect(body).toMatch(/It is now on Wednesday,? 20 May 2026, 14:00 at Kadıköy/);
    expect(subject).toMatch(/^Your appointment is now on Wednesday,? 20 May 2026, 14:00$/);
  });

  it('says the new time alone where nobody knows the former one', async () => {
    const text = await sms(messageMatter('session-moved', { moved: undefined }));
    expect(text).toMatch(/your appointment has been moved\. It is now on Wednesday,? 20 May 2026, 14:00/);
  });
});

describe('a session at another place', () => {
  it('is not said to have been at the time that it still has', async () => {
    const { body } = await email(messageMatter('session-moved', { moved: { from: zoned('2026-05-20T14:00') } }));
    expect(body).toMatch(/has been moved/);
    expect(body).not.toContain(' was on ');
    expect(body).toMatch(/It is now on Wednesday,? 20 May 2026, 14:00 at Kadıköy/);
  });
});

describe('a session that is called off', () => {
  it('is named by the time that the patient knows, whatever the record says now', async () => {
    const matter = messageMatter('session-called-off');
    const known = { ...matter.planned, expiresAt: zoned('2026-05-18T10:30').instant };
    const { body } = await email({ ...matter, planned: known });
    expect(body).toMatch(/on Monday,? 18 May 2026, 10:30 at Kadıköy is called off/);
  });

  it('is named by the clock that the patient was told it by', async () => {
    const moved = { from: zoned('2026-05-20T12:00', 'Europe/London') };
    const { body } = await email(messageMatter('session-called-off', { moved }));
    expect(body).toMatch(/on Wednesday,? 20 May 2026, 12:00 at Kadıköy is called off/);
  });

  it('is named by its time though its booking was taken back', async () => {
    const matter = messageMatter('session-called-off');
    const { body } = await email({ ...matter, course: { ...matter.course, sessions: [] } });
    expect(body).toMatch(/on Wednesday,? 20 May 2026, 14:00 at Kadıköy is called off/);
  });
});

describe('a maintenance proposal', () => {
  it('names the time that is held, until when, and three addresses to answer by', async () => {
    const { body, html } = await email(messageMatter('maintenance-proposal', { links: LINKS }));
    expect(body).toMatch(/Wednesday,? 2 September 2026, 10:30 at Kadıköy/);
    expect(body).toMatch(/We hold it until Thursday,? 20 August 2026, 18:00\./);
    for (const address of [LINKS.confirm, LINKS.other, LINKS.stop]) {
      expect(body).toContain(address);
      expect(readHtml(html as string).addresses).toContain(address);
    }
    expect(body).not.toContain('Call us to say');
  });

  it('asks to call where there is nothing to answer by', async () => {
    const { body, html } = await email(messageMatter('maintenance-proposal'));
    expect(body).toContain('Call us to say that you will come.');
    expect(readHtml(html as string).addresses).toEqual([]);
    expect(await sms(messageMatter('maintenance-proposal'))).toContain('Please call us to confirm');
  });

  it.each([
    ['en', 'Reply 1 to confirm, 2 for another day, STOP to end'],
    ['fr', 'Répondez 1 pour confirmer, 2 pour un autre jour, STOP pour'],
    ['tr', 'Onaylamak için 1, başka bir gün için 2, bu iletileri durdurmak için STOP'],
  ])('asks by SMS in %s for an answer by digits where answers are read', async (language, words) => {
    expect(await sms(messageMatter('maintenance-proposal', { replies: true }), language)).toContain(words);
  });

  it('asks by SMS for an answer by a link where answers to the SMS are not read', async () => {
    const text = await sms(messageMatter('maintenance-proposal', { links: LINKS }));
    expect(text).toContain(LINKS.confirm);
    expect(text).not.toMatch(/reply/i);
  });

  it('is not written without the time that is held', async () => {
    await expect(email(messageMatter('maintenance-proposal', { proposal: undefined }))).rejects.toThrow(
      /no time is held/,
    );
  });
});

describe('a check-in', () => {
  it('asks by e-mail for one of two answers', async () => {
    const { body, html } = await email(messageMatter('check-in', { links: LINKS }));
    expect(body).toContain(`All is well: ${LINKS.well}`);
    expect(body).toContain(`Something worries me: ${LINKS.worried}`);
    expect(readHtml(html as string).addresses).toEqual(expect.arrayContaining([LINKS.well, LINKS.worried]));
  });

  it('asks by SMS for a digit only where somebody reads it, and to call in either case', async () => {
    for (const replies of [true, false]) {
      const text = await sms(messageMatter('check-in', { replies }));
      expect(text.includes('Reply 1: all is well, 2: something worries me.')).toBe(replies);
      expect(text).toContain('please call us');
    }
  });
});

describe('every message', () => {
  const all = KINDS.flatMap((kind) =>
    LANGUAGES.flatMap((language) => BUILT_IN_PROTOCOLS.map((protocol) => ({ kind, language, protocol }))),
  );
  /** What differs between protocols are the values: two of them show what the HTML does with values. */
  const some = all.filter(
    ({ protocol }) => ['facial', 'scalp'].includes(protocol.code) || protocol === BUILT_IN_PROTOCOLS[1],
  );
  const answers = [{}, { links: LINKS }, { replies: true }, { links: LINKS, replies: true }];
  const names = /mesother|mezoter|mésothér/i;

  it('[message.language] is written in each language for each protocol, with every value filled in', async () => {
    for (const { kind, language, protocol } of all) {
      for (const channel of CHANNELS) {
        for (const answer of answers) {
          const message = await renderMessage(messageMatter(kind, { protocol, ...answer }), channel, language);
          expect(message.language).toBe(language);
          expect(message.leftAside).toBeNull();
          for (const text of [message.subject, message.body, message.html]) {
            expect(text ?? '').not.toMatch(/\{\{|\{%|\}\}|%\}|undefined|null|\[object/);
          }
          expect([message.subject === null, message.html === null]).toEqual([channel === 'sms', channel === 'sms']);
        }
      }
    }
  });

  it('[message.treatment-unnamed] never names a treatment in an SMS or a subject line', async () => {
    for (const { kind, language, protocol } of all) {
      const titles = Object.values(protocol.title);
      const matter = messageMatter(kind, { protocol, links: LINKS, replies: true });
      for (const text of [await sms(matter, language), (await email(matter, language)).subject as string]) {
        expect(text).not.toMatch(names);
        expect(titles.some((title) => text.includes(title))).toBe(false);
      }
    }
  });

  it('[message.treatment-unnamed] does not name a clinic in an SMS or as sender whose name says what is done there', async () => {
    const matter = messageMatter('session-reminder', { siteName: 'Mezoterapi Merkezi' });
    expect(await sms(matter, 'tr')).toMatch(/^Kliniğiniz: /);
    expect((await email(matter, 'tr')).sender).toBe('Kliniğiniz');
    expect((await email(messageMatter('session-reminder'), 'tr')).sender).toBe('Nişantaşı');
  });

  it('says the same in HTML as in plain text', async () => {
    for (const { kind, language, protocol } of some) {
      for (const answer of [{}, { links: LINKS }]) {
        const { body, html } = await email(messageMatter(kind, { protocol, ...answer }), language);
        const { text, addresses } = readHtml(html as string);
        const said = body.replace(/https:\S+/g, ' ').split(/\s+/);
        const inHtml = new Set(text.split(' '));
        // A label stands before its address with a colon, on a button without.
        const missing = said.filter(
          (word) => !inHtml.has(word) && !inHtml.has(word.replace(/:$/, '')) && !['-', ':'].includes(word),
        );
        expect([kind, language, missing]).toEqual([kind, language, []]);
        expect(addresses.sort()).toEqual((body.match(/https:\S+/g) ?? []).sort());
      }
    }
  });

  it('is valid HTML in its language that fetches nothing', async () => {
    for (const { kind, language, protocol } of some) {
      const { html } = await email(messageMatter(kind, { protocol, links: LINKS }), language);
      const { errors, attributes, tags } = readHtml(html as string);
      expect([kind, errors]).toEqual([kind, []]);
      expect(attributes).toMatchObject({ lang: language, dir: 'ltr' });
      for (const tag of ['img', 'script', 'link', 'iframe', 'base']) expect(tags).not.toContain(tag);
      expect(html).not.toMatch(/@import|url\(/);
    }
  });

  it('shows the subject, and not the first sentence, beside itself in a list of mails', async () => {
    const { html, subject } = await email(messageMatter('aftercare'));
    expect(
      readHtml(html as string)
        .text.trim()
        .slice(0, 200),
    ).toMatch(new RegExp(`^${subject as string}`));
    expect(
      readHtml(html as string)
        .text.trim()
        .slice(0, 200),
    ).not.toContain('Facial');
  });

  it('escapes whatever a name holds', async () => {
    const givenName = '<script>alert("1")</script>';
    const { html, body } = await email(messageMatter('aftercare', { givenName, siteName: `"><img src=x> & 'Co'` }));
    expect(body).toContain(`Hello ${givenName},`);
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(html).not.toMatch(/<script|<img/);
  });

  it('does not read Liquid or MJML that a name holds', async () => {
    const givenName = '{{ treatment }}{% raw %}<mj-text>x</mj-text>';
    const { html, body } = await email(messageMatter('aftercare', { givenName }));
    expect(body).toContain(`Hello ${givenName},`);
    expect(readHtml(html as string).text).toContain(givenName);
  });

  it('keeps a subject on one line whatever a name holds', async () => {
    const { subject, body } = await email(messageMatter('check-in', { givenName: 'A\r\nBcc: x@y.example' }));
    expect(subject).not.toMatch(/[\r\n]/);
    expect(body).toContain('Hello A Bcc: x@y.example,');
  });

  it('is valid HTML that says any name as it is', async () => {
    const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme', maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(name, name, async (givenName, siteName) => {
        const { html, body } = await email(messageMatter('session-called-off', { givenName, siteName }));
        const { errors, text } = readHtml(html as string);
        expect(errors).toEqual([]);
        expect(text).toContain(oneLine(givenName));
        expect(text).toContain(oneLine(siteName));
        expect(body).toContain(`Hello ${oneLine(givenName)},`);
      }),
      { numRuns: 200 },
    );
  });

  it('[message.language] falls back to the language without its region, then to English', async () => {
    expect((await renderMessage(messageMatter('check-in'), 'sms', 'tr-TR')).language).toBe('tr');
    expect((await renderMessage(messageMatter('check-in'), 'sms', 'de')).language).toBe('en');
  });

  it('carries the hash of the words that were used, whoever gets them', async () => {
    const hash = async (matter: MessageMatter, channel: 'email' | 'sms', language: string) =>
      (await renderMessage(matter, channel, language)).templateHash;
    const one = await hash(messageMatter('check-in'), 'email', 'en');
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash(messageMatter('check-in', { givenName: 'Ana' }), 'email', 'en')).toBe(one);
    expect(await hash(messageMatter('check-in'), 'sms', 'en')).not.toBe(one);
    expect(await hash(messageMatter('check-in'), 'email', 'fr')).not.toBe(one);
  });

  it('shows local names of days', async () => {
    expect((await email(messageMatter('session-reminder'), 'tr')).subject).toBe(
      'Randevunuz: 20 Mayıs 2026 Çarşamba, 14:00',
    );
    expect(await sms(messageMatter('maintenance-due'), 'fr')).toContain('jeudi 12 novembre 2026');
  });
});
