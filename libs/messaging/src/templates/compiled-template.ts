import type { Template } from 'liquidjs';
import { compileMjml } from './compile-mjml.js';
import { fill, MARKUP, PLAIN, UNBOUNDED } from './liquid-engines.js';
import { isBuiltIn, type TemplateSource, templateHash } from './template-source.js';

/** What a template makes of the values of one message. */
export interface RenderedTemplate {
  readonly subject: string | null;
  readonly text: string;
  readonly html: string | null;
}

/** A template that was read once and is filled in many times. */
export interface CompiledTemplate {
  readonly source: TemplateSource;
  readonly hash: string;
  /** @throws LiquidError for a template that does not fit its values */
  render(values: object): RenderedTemplate;
}

/** Built-in ones are a few dozen; a chain's own come to a few hundred. A deployment that exceeds it reads some again. */
const KEPT_MAX = 2_000;
const kept = new Map<string, Promise<CompiledTemplate>>();
const hashes = new WeakMap<TemplateSource, string>();

/** The hash of a source that stays the same object. */
export function hashOf(source: TemplateSource): string {
  const known = hashes.get(source);
  if (known !== undefined) return known;
  const hash = templateHash(source);
  hashes.set(source, hash);
  return hash;
}

/**
 * Reads a template, once for each hash.
 * @throws LiquidError, MjmlProblem
 */
export function compiledTemplate(source: TemplateSource): Promise<CompiledTemplate> {
  const hash = hashOf(source);
  const known = kept.get(hash);
  if (known) return known;
  if (kept.size >= KEPT_MAX) kept.clear();
  const compiled = compile(source, hash);
  kept.set(hash, compiled);
  // What failed may have failed for want of memory or of a file: it is read again next time.
  compiled.catch(() => kept.delete(hash));
  return compiled;
}

async function compile(source: TemplateSource, hash: string): Promise<CompiledTemplate> {
  const subject = source.subject === null ? null : PLAIN.parse(source.subject);
  const text = PLAIN.parse(source.text);
  const html = source.mjml === null ? null : MARKUP.parse(await compileMjml(source.mjml));
  const stepsMax = isBuiltIn(source) ? UNBOUNDED : undefined;
  const plain = (template: Template[], values: object) => fill(PLAIN, template, values, source, stepsMax);
  return {
    source,
    hash,
    render(values) {
      const written = {
        // Whatever comes in as a value, a subject is one line: a second one would be a header of its own.
        subject: subject && plain(subject, values).replace(/\s+/g, ' ').trim(),
        text: tidy(plain(text, values)),
      };
      return { ...written, html: html && fill(MARKUP, html, { ...values, ...written }, source, stepsMax).trim() };
    },
  };
}

/** Parts that said nothing leave no gaps. */
const tidy = (text: string): string =>
  text
    .replace(/[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
