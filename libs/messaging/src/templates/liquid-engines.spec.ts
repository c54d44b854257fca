import { fill, MARKUP, paragraphs, PLAIN } from './liquid-engines.js';

const words = { language: 'fr', phrases: { days: '{n, plural, one {# jour} other {# jours}} <{who}>' } };
const plain = (liquid: string, values: object = {}) => fill(PLAIN, PLAIN.parse(liquid), values, words);
const markup = (liquid: string, values: object = {}) => fill(MARKUP, MARKUP.parse(liquid), values, words);

describe('a phrase in Liquid', () => {
  it('is in the plural that the language asks for', () => {
    const texts = [0, 1, 2].map((n) => plain("{{ 'days' | icu: n: n, who: 'x' }}", { n }));
    expect(texts).toEqual(['0 jour <x>', '1 jour <x>', '2 jours <x>']);
  });

  it('is escaped in HTML, its own words and its values', () => {
    expect(markup("{{ 'days' | icu: n: 1, who: who }}", { who: '"&' })).toBe('1 jour &lt;&quot;&amp;&gt;');
  });

  it('needs names for its values, and has to exist', () => {
    expect(() => plain("{{ 'days' | icu: 1 }}")).toThrow(/need names/);
    expect(() => plain("{{ 'months' | icu: n: 1 }}")).toThrow(/undefined phrase: months/);
    expect(() => plain("{{ 'constructor' | icu: n: 1 }}")).toThrow(/undefined phrase/);
  });
});

describe('a plain text as HTML', () => {
  it('has a paragraph for each, keeps lines, and escapes all of it', () => {
    expect(paragraphs('a <b>\nc & d\n\n\ne')).toBe(
      '<p style="margin:0 0 16px">a &lt;b&gt;<br>c &amp; d</p><p style="margin:0 0 16px">e</p>',
    );
  });

  it('makes links of addresses and of nothing else', () => {
    expect(paragraphs('Yes: https://x.example/a?b=1&c=2 or javascript:x')).toBe(
      '<p style="margin:0 0 16px">Yes: <a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a> or javascript:x</p>',
    );
    expect(paragraphs('https://x.example/"><script>')).not.toContain('<script>');
  });
});
