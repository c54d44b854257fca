import { emailLayout } from '../email-layout.js';
import { TEMPLATE_CHANNELS, TEMPLATE_NAMES, type TemplateName } from '../template-set.js';
import { builtInTemplate, TEMPLATES, type TemplateSource } from '../template-source.js';
import { checkTemplate, SMS_SEGMENTS_MAX } from './check-template.js';
import { ownSource } from './own-source.js';
import type { TemplateContent } from './template.events.js';

const REMINDER = { subject: 'Am {{ at }}', text: 'Hallo {{ name }},\n\nbis {{ at }}.\n', mjml: null, phrases: {} };

const email = (content: Partial<TemplateContent>, name: TemplateName = 'session-reminder'): TemplateSource =>
  ownSource({ name, language: 'de', channel: 'email' }, { ...REMINDER, ...content });
const sms = (text: string, name: TemplateName = 'session-reminder', language = 'de'): TemplateSource =>
  ownSource({ name, language, channel: 'sms' }, { subject: null, text, mjml: null, phrases: {} });

const found = async (source: TemplateSource) =>
  (await checkTemplate(source)).findings.map(({ code, field, line }) => [code, field, line]);
const messages = async (source: TemplateSource) =>
  (await checkTemplate(source)).findings.map(({ message }) => message).join('\n');

describe('the check of a template', () => {
  it('finds nothing in any template that comes with the software', async () => {
    for (const language of Object.keys(TEMPLATES)) {
      for (const name of TEMPLATE_NAMES) {
        for (const channel of TEMPLATE_CHANNELS) {
          const { findings, samples } = await checkTemplate(builtInTemplate(name, language, channel) as TemplateSource);
          expect([name, language, channel, findings]).toEqual([name, language, channel, []]);
          expect(samples).toHaveLength(4);
        }
      }
    }
  });

  it('finds nothing in a template that says what it should, and shows how it reads', async () => {
    const { findings, samples } = await checkTemplate(email({}));
    expect(findings).toEqual([]);
    expect(samples[0]?.text).toMatch(/^Hallo Alex,\n\nbis .*29\. September 2026, 14:00\.$/);
    expect(samples[0]?.html).toContain('Hallo Alex,');
  });

  it('[template.liquid] names the line of Liquid that cannot be read', async () => {
    expect(await found(email({ text: 'Hallo\n\n{% if at %}\n{{ at }}' }))).toEqual([['template.liquid', 'text', 3]]);
    expect(await found(email({ subject: '{{ at' }))).toEqual([['template.liquid', 'subject', 1]]);
    expect(await found(email({ text: 'a\n{{ at | shout }}' }))).toEqual([['template.liquid', 'text', 2]]);
  });

  it.each([
    ['a file', "{{ at }}\n{% include 'x' %}"],
    ['a layout', "{{ at }}\n{% layout 'x' %}"],
    ['the clock of the machine', "{{ at }}\n{{ 'now' | date: '%H' }}"],
    ['a value as it is, where it is to be escaped', '{{ at }}\n{{ name | raw }}'],
    ['chance', '{{ at }}\n{{ precautions | sample }}'],
  ])('[template.liquid] refuses a template that asks for %s', async (_, text) => {
    expect(await found(email({ text }))).toEqual([['template.liquid', 'text', 2]]);
  });

  it('[template.known-values] names the line of a value that messages of the kind do not have', async () => {
    expect(await found(email({ text: '{{ at }}\n{{ name }}\n{{ nmae }}' }))).toEqual([
      ['template.known-values', 'text', 3],
    ]);
    expect(await messages(email({ text: '{{ at }}\n{{ nmae }}' }))).toMatch(
      /undefined variable: nmae\. A message of this kind has name, clinic, .*\bat\b/,
    );
    expect(await found(email({ text: '{{ at }}\n{{ held_until }}' }))).toEqual([['template.known-values', 'text', 2]]);
  });

  it('[template.known-values] finds a name that is wrong only where there is little to say', async () => {
    const text = '{{ at }}\n{% if precautions.size == 0 %}\n{{ nothing }}\n{% endif %}';
    expect(await found(email({ text }))).toEqual([['template.known-values', 'text', 3]]);
  });

  it('[template.known-values] names the line of MJML as it was written', async () => {
    const mjml = emailLayout('de', '<mj-text>{{ at }}</mj-text>\n<mj-text>{{ nowhere }}</mj-text>\n');
    const line = mjml.split('\n').findIndex((each) => each.includes('nowhere')) + 1;
    expect(await found(email({ mjml }))).toEqual([['template.known-values', 'mjml', line]]);
  });

  it('[template.known-values] refuses a phrase that is not there, and one that lacks a value', async () => {
    expect(await found(email({ text: "{{ at }}\n{{ 'in-days' | icu: days: days }}" }))).toEqual([
      ['template.known-values', 'text', 2],
    ]);
    const phrases = { 'in-days': '{days, plural, one {# Tag} other {# Tage}}' };
    expect(await found(email({ text: "{{ at }}\n{{ 'in-days' | icu: n: days }}", phrases }))).toEqual([
      ['template.known-values', 'text', 2],
    ]);
    expect(await found(email({ text: "{{ at }}\n{{ 'in-days' | icu: days: days }}", phrases }))).toEqual([]);
  });

  it('[template.known-values] reaches nothing but its values', async () => {
    for (const path of ['name.constructor', 'links.__proto__', 'lines.constructor.constructor']) {
      expect(await found(email({ text: `{{ at }}{{ ${path} }}` }))).toEqual([['template.known-values', 'text', 1]]);
    }
  });

  it('[template.phrase] names the phrase that cannot be read, or asks the machine for its zone', async () => {
    expect(await found(email({ phrases: { 'in-days': '{days, plural, one {# Tag}}' } }))).toEqual([
      ['template.phrase', 'phrases.in-days', 1],
    ]);
    for (const pattern of ['{d, date}', '{n, plural, one {{d, time, short}} other {x}}']) {
      expect(await found(email({ phrases: { when: pattern } }))).toEqual([['template.phrase', 'phrases.when', null]]);
    }
  });

  it('[template.mjml] names the line of MJML that is not valid, and of a condition that it would drop', async () => {
    const wrong = emailLayout('de', '<mj-text>{{ at }}</mj-text>\n<mj-txt>x</mj-txt>\n');
    const line = wrong.split('\n').findIndex((each) => each.includes('mj-txt')) + 1;
    expect(await found(email({ mjml: wrong }))).toEqual([['template.mjml', 'mjml', line]]);
    const dropped = emailLayout('de', '<mj-text>{{ at }}</mj-text>{% if links.stop %}<mj-text>x</mj-text>{% endif %}');
    expect(await messages(email({ mjml: dropped }))).toMatch(/put it into mj-raw/);
    expect(await found(email({ mjml: '<p>{{ at }}</p>' }))).toEqual([['template.mjml', 'mjml', expect.anything()]]);
  });

  it('[template.fetches-nothing] refuses images from elsewhere and scripts', async () => {
    const image = emailLayout('de', '<mj-text>{{ at }}</mj-text><mj-image src="https://x.example/pixel.png" />');
    expect(await found(email({ mjml: image }))).toEqual([['template.fetches-nothing', 'mjml', null]]);
    const script = emailLayout('de', '<mj-text>{{ at }}</mj-text><mj-raw><script>x()</script></mj-raw>');
    expect(await found(email({ mjml: script }))).toEqual([['template.fetches-nothing', 'mjml', null]]);
  });

  it('[template.treatment-unnamed] refuses a subject that names a treatment, by its words or by a value', async () => {
    expect(await found(email({ subject: 'Mesotherapie am {{ at }}' }))).toEqual([
      ['template.treatment-unnamed', 'subject', 1],
    ]);
    expect(await found(email({ subject: '{{ treatment }} am {{ at }}' }))).toEqual([
      ['template.treatment-unnamed', 'subject', 1],
    ]);
    expect(await found(email({ text: '{{ treatment }} am {{ at }}' }))).toEqual([]);
  });

  it('[template.treatment-unnamed] refuses an SMS that would name a clinic or a place that tells it', async () => {
    expect(await found(sms('Termin:\n{{ clinic }}, {{ at }}'))).toEqual([['template.treatment-unnamed', 'text', 2]]);
    expect(await found(sms('Termin {{ at }}\nin {{ place }}'))).toEqual([['template.treatment-unnamed', 'text', 2]]);
    expect(await found(sms('{{ sender }}: Termin {{ at }}'))).toEqual([]);
  });

  it('[template.sms-length] refuses an SMS of more than six segments, and counts them', async () => {
    const places = (n: number) => sms(`{{ at }} ${'a'.repeat(n)}`);
    expect(await found(places(153 * SMS_SEGMENTS_MAX - 60))).toEqual([]);
    expect(await found(places(153 * SMS_SEGMENTS_MAX))).toEqual([['template.sms-length', 'text', null]]);
    expect(await messages(sms(`{{ at }} ${'ş'.repeat(400)}`))).toMatch(/comes to 7 segments/);
  });

  it('[template.says-it] refuses what does not say what it is there for, in text or in HTML', async () => {
    expect(await found(email({ text: 'Hallo {{ name }}' }))).toEqual([
      ['template.says-it', 'text', null],
      ['template.says-it', 'mjml', null],
    ]);
    const mjml = emailLayout('de', '<mj-text>Hallo {{ name }}</mj-text>');
    expect(await found(email({ mjml }))).toEqual([['template.says-it', 'mjml', null]]);
    const first = '{{ lines[0].text }} {{ lines[0].until }}';
    expect(await messages(sms(first, 'aftercare'))).toMatch(/does not say line\.text of each of lines/);
  });

  it('[template.says-it] refuses a question without the ways to answer it', async () => {
    expect(await messages(sms('Termin {{ at }} bis {{ held_until }}', 'maintenance-proposal'))).toMatch(
      /what 1 answers[\s\S]*what 2 answers[\s\S]*what STOP answers/,
    );
    const text = '{{ at }} {{ held_until }} {{ links.confirm }} {{ links.other }}';
    expect(await messages(email({ subject: 'x', text }, 'maintenance-proposal'))).toMatch(/does not say links\.stop/);
    const all = `${text} {{ links.stop }}`;
    expect(await found(email({ subject: 'x', text: all }, 'maintenance-proposal'))).toEqual([]);
  });

  it('[template.parts] refuses an e-mail without a subject and an SMS with one', async () => {
    expect(await found(email({ subject: null }))).toEqual([['template.parts', 'subject', null]]);
    expect(await found({ ...sms('{{ at }}'), subject: 'x', mjml: '<mjml />' })).toEqual(
      expect.arrayContaining([
        ['template.parts', 'subject', null],
        ['template.parts', 'mjml', null],
      ]),
    );
  });

  it.each([
    ['loops', '{% for a in (1..9999) %}{% for b in (1..9999) %}x{% endfor %}{% endfor %}'],
    ['loops that write nothing', '{% for a in (1..9999) %}{% for b in (1..9999) %}{% endfor %}{% endfor %}'],
    ['a long list', '{% for a in (1..999999999) %}{% endfor %}'],
    [
      'words that double',
      "{% assign s = 'xxxxxxxxxx' %}{% for a in (1..40) %}{% assign s = s | append: s %}{% endfor %}",
    ],
  ])('ends a template that would go on for long: %s', async (_, loop) => {
    const before = process.cpuUsage();
    const [first] = await found(email({ text: `{{ at }}${loop}` }));
    expect(first?.slice(0, 2)).toEqual(['template.known-values', 'text']);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(3_000);
  });
});
