import { Context, Liquid, type Template } from 'liquidjs';
import { phraseText } from './icu-phrase.js';
import type { Phrases } from './template-set.js';

/** Under which a template's phrases are handed to it; no template can name a symbol. */
const WORDS = Symbol('words');

/** What a template is filled in with, beside its values. */
export interface Words {
  readonly phrases: Phrases;
  readonly language: string;
}

/** What a filter sees of the rendering that it is part of. */
interface Rendering {
  readonly context: Context;
}

/**
 * Bounds of one rendering: a chain's own template may loop, and must not hold up what everybody waits for. They count
 * steps and not time: a machine that stands still for a while must not fail a message that is well written. A step is a
 * tag, a value or the words between them; a long message takes some hundred.
 */
const STEPS_MAX = 2_000;
/** Characters and entries that one rendering may make by filters and ranges. */
const MEMORY_MAX = 1_000_000;
const PARSE_CHARACTERS_MAX = 200_000;

/** Liquid asks it before each step, with a time that is not looked at. */
class StepLimit {
  private steps = 0;

  constructor(private readonly max: number) {}

  check(): void {
    this.steps += 1;
    if (this.steps > this.max) throw new Error(`it goes on for more than ${this.max} steps`);
  }
}

/** Ours loop over what a protocol has, however much that is: nobody shall miss the end of a long list. */
export const UNBOUNDED = Number.POSITIVE_INFINITY;

/**
 * Fills a template in.
 * @throws LiquidError for one that does not fit its values, or goes on for too long
 */
export function fill(
  engine: Liquid,
  template: Template[],
  values: object,
  words: Words,
  stepsMax: number = STEPS_MAX,
): string {
  const limits = { liquid: engine, renderLimit: new StepLimit(stepsMax) as never };
  const context = new Context(values, engine.options, { sync: true, globals: { [WORDS]: words } }, limits);
  return String(engine.renderSync(template, context));
}

/** Tags that read files or other templates: a template is one whole, and its hash covers all of it. */
const FILE_TAGS: readonly string[] = ['include', 'render', 'layout', 'block'];
/** Filters that ask the machine for its clock, its time zone or chance: the same message gives the same text. */
const UNSTEADY_FILTERS: readonly string[] = [
  ...['date', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string'],
  ...['sample', 'raw'],
];

function engineWith(outputEscape: ((value: unknown) => string) | undefined): Liquid {
  const engine = new Liquid({
    // An unknown name in a template is a mistake that must not reach a patient as a hole in a sentence.
    ...{ strictVariables: true, strictFilters: true, ownPropertyOnly: true },
    // No file is ever looked for.
    ...{ templates: {}, parseLimit: PARSE_CHARACTERS_MAX, memoryLimit: MEMORY_MAX },
    ...(outputEscape && { outputEscape }),
  });
  for (const tag of FILE_TAGS) delete engine.tags[tag];
  for (const filter of UNSTEADY_FILTERS) delete engine.filters[filter];
  engine.registerFilter('icu', phraseFilter);
  engine.registerFilter('paragraphs', { handler: (text: unknown) => paragraphs(String(text)), raw: true });
  return engine;
}

/** `{{ 'in-days' | icu: days: days }}`: a phrase of the template with its values, in the plural that they ask for. */
function phraseFilter(this: Rendering, name: unknown, ...values: (readonly [string, unknown])[]): string {
  const words = (this.context.globals as { readonly [WORDS]?: Words })[WORDS];
  const pattern = typeof name === 'string' && words && Object.hasOwn(words.phrases, name) && words.phrases[name];
  if (typeof pattern !== 'string') throw new Error(`undefined phrase: ${String(name)}`);
  if (!values.every(Array.isArray)) throw new Error(`the values of the phrase ${String(name)} need names`);
  return phraseText(pattern, (words as Words).language, Object.fromEntries(values));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Whole lists and records have no words of their own. */
const textOfValue = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOfValue).join('');
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
};

/** A value as it may stand in HTML, in text and in attributes. */
export const escapeHtml = (value: unknown): string =>
  textOfValue(value).replace(/[&<>"']/g, (sign) => ESCAPES[sign] as string);

/** An address on a line of its own, or behind words and a colon, as links are written into plain texts. */
const ADDRESS = /https?:\/\/[^\s<>"']+/g;

/** A plain text as HTML: paragraphs, lines and addresses; everything in it is escaped. */
export const paragraphs = (text: string): string =>
  text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => `<p style="margin:0 0 16px">${paragraph.split('\n').map(lineOf).join('<br>')}</p>`)
    .join('');

function lineOf(line: string): string {
  let [html, at] = ['', 0];
  for (const match of line.matchAll(ADDRESS)) {
    const address = escapeHtml(match[0]);
    html += `${escapeHtml(line.slice(at, match.index))}<a href="${address}">${address}</a>`;
    at = match.index + match[0].length;
  }
  return html + escapeHtml(line.slice(at));
}

export const PLAIN = engineWith(undefined);
/** Escapes every value that is filled in, whatever the template says. */
export const MARKUP = engineWith(escapeHtml);
