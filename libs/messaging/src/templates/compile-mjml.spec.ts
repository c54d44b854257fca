import { compileMjml, fetchedBy, MjmlProblem } from './compile-mjml.js';
import { emailLayout } from './email-layout.js';
import { builtInTemplate, TEMPLATES } from './template-source.js';
import { TEMPLATE_NAMES } from './template-set.js';

const problemOf = (mjml: string) =>
  compileMjml(mjml).then(
    () => undefined,
    (error: unknown) => error as MjmlProblem,
  );

describe('MJML', () => {
  it('of every built-in template becomes HTML that fetches nothing', async () => {
    for (const language of Object.keys(TEMPLATES)) {
      for (const name of TEMPLATE_NAMES) {
        const html = await compileMjml(builtInTemplate(name, language, 'email')?.mjml as string);
        expect([name, language, fetchedBy(html)]).toEqual([name, language, []]);
      }
    }
  });

  it('that is none is refused with its line', async () => {
    const problem = await problemOf('<mjml>\n<mj-body>\n<mj-nothing />\n</mj-body>\n</mjml>');
    expect(problem).toBeInstanceOf(MjmlProblem);
    expect([problem?.line, problem?.message]).toEqual([3, expect.stringContaining('mj-nothing')]);
  });

  it('is refused where it would drop a condition and always say what it held back', async () => {
    const problem = await problemOf(
      emailLayout('en', '<mj-text>a</mj-text>\n{% if links.stop %}\n<mj-text>b</mj-text>\n{% endif %}\n'),
    );
    expect(problem?.message).toContain('{% if links.stop %} stands where MJML drops it');
    expect(problem?.line).toBeGreaterThan(10);
    await expect(
      compileMjml(emailLayout('en', '<mj-raw>{% if x %}</mj-raw><mj-text>b</mj-text><mj-raw>{% endif %}</mj-raw>')),
    ).resolves.toContain('{% if x %}');
  });

  it('reads no file', async () => {
    const html = await compileMjml(emailLayout('en', `<mj-include path="${__filename}" /><mj-text>x</mj-text>`)).catch(
      () => '',
    );
    expect(html).not.toContain('reads no file');
  });

  it('is written from right to left where the language is', async () => {
    const html = await compileMjml(emailLayout('ar', '<mj-text>x</mj-text>'));
    expect(html).toMatch(/<html lang="ar" dir="rtl"/);
    expect(html).toContain('direction:rtl');
    expect(html).toContain('text-align:right');
  });

  it.each([
    ['<img src="https://x.example/a.png">', 'img'],
    ['<style>@import url(x)</style>', '@import'],
    ['<div style="background:url(https://x.example)">', 'url('],
    ['<td background="https://x.example">', 'background='],
    ['<p onclick="x()">', 'onclick='],
    ['<a href="javascript:x()">', 'javascript:'],
    ['<link rel="stylesheet" href="x">', 'link'],
  ])('is seen to fetch or run something: %s', (html, what) => {
    expect(fetchedBy(html)).toContain(what);
  });
});
