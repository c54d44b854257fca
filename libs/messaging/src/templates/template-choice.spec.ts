import { messageMatter } from '#test/support/message-matter.js';
import { renderMessage } from './render-message.js';
import { type OwnTemplates, templateChoices } from './template-choice.js';
import { builtInTemplate, standingPhrases, type TemplateSource } from './template-source.js';

const own = (language: string, text = `our words in ${language}`, subject = 'Ours'): TemplateSource => ({
  ...{ name: 'check-in', language, channel: 'email', subject, text },
  mjml: null,
  phrases: standingPhrases(language),
});

const chainWith = (sources: readonly TemplateSource[], fallbackLanguage: string | null = null): OwnTemplates => ({
  fallbackLanguage,
  find: (name, language, channel) =>
    sources.find((each) => each.name === name && each.language === language && each.channel === channel),
});

const first = (wanted: string, chain?: OwnTemplates) => templateChoices('check-in', 'email', wanted, chain)[0];

describe('which template a message is written from', () => {
  it('[template.choice] is the chain’s own in the wanted language before what comes with the software', () => {
    const [tr, de, br] = [own('tr'), own('de'), own('pt-BR')];
    const chain = chainWith([tr, de, br]);
    expect(first('tr', chain)).toBe(tr);
    expect(first('de-AT', chain)).toBe(de);
    expect(first('pt-BR', chain)).toBe(br);
  });

  it('[template.choice] is what comes with the software in the wanted language before any other language', () => {
    const chain = chainWith([own('de'), own('en')], 'de');
    expect(first('fr', chain)).toBe(builtInTemplate('check-in', 'fr', 'email'));
    expect(first('tr-TR', chain)).toBe(builtInTemplate('check-in', 'tr', 'email'));
  });

  it('[template.choice] is the chain’s own in its fallback language before English', () => {
    const [de, en] = [own('de'), own('en')];
    expect(first('ja', chainWith([de, en], 'de'))).toBe(de);
    expect(first('ja', chainWith([en], 'tr'))).toBe(builtInTemplate('check-in', 'tr', 'email'));
    expect(first('ja', chainWith([de, en]))).toBe(en);
    expect(first('ja', chainWith([de]))).toBe(builtInTemplate('check-in', 'en', 'email'));
    expect(first('ja')).toBe(builtInTemplate('check-in', 'en', 'email'));
  });

  it('[template.choice] is one of the channel', () => {
    expect(templateChoices('check-in', 'sms', 'de', chainWith([own('de')]))[0]?.channel).toBe('sms');
  });
});

describe('a chain’s own template', () => {
  it('writes the message, and its hash says so', async () => {
    const chain = chainWith([{ ...own('de', 'Hallo {{ name }}'), mjml: null }]);
    const message = await renderMessage(messageMatter('check-in'), 'email', 'de', chain);
    expect([message.language, message.body, message.subject]).toEqual(['de', 'Hallo İpek', 'Ours']);
    const theirs = await renderMessage(messageMatter('check-in'), 'email', 'en');
    expect(message.templateHash).not.toBe(theirs.templateHash);
  });

  it('[template.left-aside] is left aside where it does not fit a message, for the one that comes with the software', async () => {
    const chain = chainWith([own('tr', '{{ lines[9].text.nowhere.at }}')]);
    const message = await renderMessage(messageMatter('check-in'), 'email', 'tr', chain);
    expect(message.body).toContain('Nasılsınız?');
    expect(message.leftAside).toMatch(/^check-in in tr for email: /);
  });

  it('[template.left-aside] is left aside where it would name a treatment in the subject', async () => {
    const chain = chainWith([own('en', 'Hello', 'Your {{ treatment }}')]);
    const message = await renderMessage(messageMatter('check-in'), 'email', 'en', chain);
    expect(message.subject).toBe('How are you after your visit?');
    expect(message.leftAside).toBe('check-in in en for email: it names a treatment where others read it');
  });

  it('[template.left-aside] says nothing of the patient in what it says of itself', async () => {
    const chain = chainWith([own('en', "{{ name | icu }}{{ 'x' | icu: name }}")]);
    const { leftAside } = await renderMessage(messageMatter('check-in'), 'email', 'en', chain);
    expect(leftAside).not.toContain('İpek');
  });
});
