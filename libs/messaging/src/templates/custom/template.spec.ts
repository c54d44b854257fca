import { messageMatter } from '#test/support/message-matter.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { renderMessage } from '../render-message.js';
import { TemplateLibrary } from '../template-library.js';
import { builtInTemplate, type TemplateSource } from '../template-source.js';
import { OwnTemplatesReader } from './own-templates.js';
import {
  keptTemplateSchema,
  templateListSchema,
  templatePreviewSchema,
  templateViewSchema,
} from './template.contract.js';
import { templateStream } from './template.events.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { code?: string; fields?: { field: string; rule?: string }[] };
}

async function send(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  payload?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await api.app.inject({
    method,
    url: `/v1/message-templates${path}`,
    headers: { host: '127.0.0.1', ...headers },
    ...(payload && { payload }),
  });
  return { status: answer.statusCode, body: answer.json() };
}

const GERMAN = { subject: 'Am {{ at }}', text: 'Hallo {{ name }}, bis {{ at }}.' };
const eventsOfTemplates = async () => {
  const { engine, chain } = api.pistor;
  return (await engine.store.readStream(chain.id, templateStream(chain.id))).map(({ type }) => type);
};
/** As a process reads them that has read none before. */
const ownTemplates = () => {
  const { engine, chain } = api.pistor;
  return new OwnTemplatesReader(engine.store, engine.codec).of(chain);
};

describe('a chain’s own template over HTTP', () => {
  it('[template.choice] is published, shown, written from, and withdrawn again', async () => {
    const path = '/session-reminder/de/email';
    expect((await send('GET', path)).status).toBe(404);
    const { status, body } = await send('PUT', path, GERMAN);
    expect([status, body]).toEqual([200, expect.objectContaining({ revision: 0 })]);
    const shown = templateViewSchema.parse((await send('GET', path)).body);
    expect(shown).toMatchObject({ origin: 'chain', subject: GERMAN.subject, text: GERMAN.text, mjml: null });
    const message = await renderMessage(messageMatter('session-reminder'), 'email', 'de', await ownTemplates());
    expect([message.language, message.templateHash]).toEqual(['de', shown.templateHash]);
    expect(message.body).toMatch(/^Hallo İpek, bis Mittwoch, 20\. Mai 2026, 14:00\.$/);
    expect((await send('DELETE', path)).status).toBe(200);
    expect((await send('GET', path)).body.code).toBe('message-template.unknown');
    expect((await send('DELETE', path)).body.code).toBe('message-template.unknown');
    const after = await renderMessage(messageMatter('session-reminder'), 'email', 'de', await ownTemplates());
    expect(after.language).toBe('en');
  });

  it('is refused with the line and what to mend, and then nothing is stored', async () => {
    const before = await eventsOfTemplates();
    const { status, body } = await send('PUT', '/session-reminder/de/email', { ...GERMAN, text: 'a\n{{ nmae }}' });
    expect([status, body.code]).toEqual([422, 'message-template.findings']);
    expect(body.fields?.[0]).toMatchObject({
      field: 'text',
      rule: 'template.known-values',
      message: expect.stringMatching(/^Line 2: undefined variable: nmae/),
    });
    expect(await eventsOfTemplates()).toEqual(before);
  });

  it('is refused at an address where no template can be, and with unknown fields', async () => {
    for (const path of ['/session-reminder/German/email', '/nothing/de/email', '/session-reminder/de/letter']) {
      const { status, body } = await send('PUT', path, GERMAN);
      expect([path, status, body.code]).toEqual([path, 400, 'message-template.address']);
    }
    const { status, body } = await send('PUT', '/session-reminder/de/email', { ...GERMAN, html: '<p>' });
    expect([status, body.fields?.[0]?.field]).toEqual([400, expect.stringContaining('html')]);
  });

  it('is published once, however often it is said', async () => {
    const path = '/session-moved/de/email';
    await send('PUT', path, GERMAN);
    const before = await eventsOfTemplates();
    expect((await send('PUT', path, GERMAN)).status).toBe(200);
    expect(await eventsOfTemplates()).toEqual(before);
  });

  it('keeps two who write at once from undoing each other’s work', async () => {
    const seen = templateListSchema.parse((await send('GET', '')).body).revision;
    const headers = { 'if-match': `"${seen}"` };
    const first = await send('PUT', '/session-called-off/de/email', GERMAN, headers);
    expect(first.status).toBe(200);
    const second = await send('PUT', '/session-called-off/de/email', { ...GERMAN, text: 'Am {{ at }}' }, headers);
    expect([second.status, second.body.code]).toEqual([412, 'resource.stale']);
  });

  it('stands in the list beside those that come with the software', async () => {
    const given = { subject: 'Merhaba', text: 'Nasılsınız? {{ links.well }} {{ links.worried }}' };
    expect((await send('PUT', '/check-in/tr/email', given)).status).toBe(200);
    const { items } = templateListSchema.parse((await send('GET', '')).body);
    const of = (name: string, language: string, channel: string) =>
      items.filter((each) => each.name === name && each.language === language && each.channel === channel);
    expect(of('check-in', 'tr', 'email')).toEqual([expect.objectContaining({ origin: 'chain' })]);
    expect(of('check-in', 'tr', 'sms')).toEqual([expect.objectContaining({ origin: 'built-in', publishedAt: null })]);
  });

  it('[template.choice] sets a fallback language for those in whose language there is nothing', async () => {
    await send('PUT', '/precaution-notice/de/sms', { text: '{{ at }} {{ precaution }}' });
    const written = async () =>
      (await renderMessage(messageMatter('precaution-notice'), 'sms', 'ja', await ownTemplates())).language;
    expect(await written()).toBe('en');
    expect((await send('PUT', '/fallback-language', { language: 'de' })).status).toBe(200);
    expect(await written()).toBe('de');
    expect((await send('PUT', '/fallback-language', { language: null })).status).toBe(200);
    expect(await written()).toBe('en');
  });
});

describe('a preview', () => {
  it('shows how a draft will read and what is to be mended, and stores nothing', async () => {
    const before = await eventsOfTemplates();
    const given = { text: `{{ at }} ${'a'.repeat(1_000)}` };
    const preview = await send('POST', '/session-reminder/de/sms/preview', given);
    const { valid, findings, samples } = templatePreviewSchema.parse(preview.body);
    expect([valid, findings.map(({ code }) => code)]).toEqual([false, ['template.sms-length']]);
    expect(samples[0]?.segments).toBe(7);
    expect(await eventsOfTemplates()).toEqual(before);
  });

  it('shows without a draft how messages read now', async () => {
    const { valid, samples, templateHash } = templatePreviewSchema.parse(
      (await send('POST', '/session-reminder/fr/email/preview')).body,
    );
    expect([valid, templateHash.length]).toEqual([true, 64]);
    expect(samples[0]?.html).toContain('lang="fr"');
    expect((await send('POST', '/session-reminder/ja/email/preview')).body.code).toBe('message-template.unknown');
  });
});

it('the routes of templates stand in the description of the API', async () => {
  const answer = await api.app.inject({ url: '/openapi.json', headers: { host: '127.0.0.1' } });
  const { paths } = answer.json<{ paths: Record<string, Record<string, { operationId: string }>> }>();
  const ids = Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/message-templates'))
    .flatMap(([, operations]) => Object.values(operations).map(({ operationId }) => operationId));
  expect(ids.sort()).toEqual([
    ...['getKeptMessageTemplate', 'getMessageTemplate', 'listMessageTemplates', 'previewMessageTemplate'],
    ...['publishMessageTemplate', 'setMessageFallbackLanguage', 'withdrawMessageTemplate'],
  ]);
});

describe('the words of messages', () => {
  it('[template.kept] are found by their hash for ever, layout and phrases included', async () => {
    const source = builtInTemplate('session-reminder', 'tr', 'email') as TemplateSource;
    const { templateHash } = await renderMessage(messageMatter('session-reminder'), 'email', 'tr');
    expect((await send('GET', `/versions/${templateHash}`)).status).toBe(404);
    const library = new TemplateLibrary(api.pistor.engine.db);
    await library.keep(source);
    await library.keep(source);
    // Another process keeps it, too.
    await new TemplateLibrary(api.pistor.engine.db).keep(source);
    const { status, body } = await send('GET', `/versions/${templateHash}`);
    expect(status).toBe(200);
    const kept = keptTemplateSchema.parse(body);
    expect(kept).toMatchObject({ ...source, templateHash });
    expect(kept.phrases['in-days']).toContain('plural');
  });
});

describe('where messages leave', () => {
  it('new words are read within a second, with one question and not one for each message', async () => {
    const { engine, chain } = api.pistor;
    let [now, asked] = [0, 0];
    const store = {
      readStream: (...of: Parameters<typeof engine.store.readStream>) => {
        asked += 1;
        return engine.store.readStream(...of);
      },
    };
    const reader = new OwnTemplatesReader(store, engine.codec, () => now);
    const text = async () => (await reader.of(chain)).find('all-clear', 'de', 'sms')?.text;
    expect(await text()).toBeUndefined();
    const words = "{% for each in free %}{{ each }}{% endfor %}{{ goes_on | join: '' }}";
    expect((await send('PUT', '/all-clear/de/sms', { text: words })).status).toBe(200);
    for (let n = 0; n < 50; n += 1) expect(await text()).toBeUndefined();
    expect(asked).toBe(1);
    now = 1_000;
    expect(await text()).toBe(words);
    expect(asked).toBe(2);
    const same = (await reader.of(chain)).find('all-clear', 'de', 'sms');
    now = 2_000;
    expect((await reader.of(chain)).find('all-clear', 'de', 'sms')).toBe(same);
  });
});
