import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { type TemplateFinding, TemplateRefused, TemplateUnknown, TooManyTemplates } from './template.errors.js';
import {
  type TemplateContent,
  type TemplateEvent,
  TemplateFallbackLanguageSet,
  type TemplateKey,
  TemplatePublished,
  TemplateWithdrawn,
} from './template.events.js';
import { keyOf, type TemplatesState } from './template.state.js';

/** Eleven kinds on two channels in twenty languages; they are all held in memory where messages are written. */
export const TEMPLATES_MAX = 500;

/**
 * Publishes a template, in place of the one that the chain had. What says the same already adds nothing.
 * @param findings what the check found in it
 * @throws TemplateRefused, TooManyTemplates
 */
export function decidePublication(
  key: TemplateKey,
  content: TemplateContent,
  findings: readonly TemplateFinding[],
  state: TemplatesState,
  now: Instant,
): TemplateEvent[] {
  const present = state.published.get(keyOf(key));
  if (present && isSame(present.content, content)) return [];
  if (findings.length > 0) throw new TemplateRefused(findings);
  if (!present && state.published.size >= TEMPLATES_MAX) throw new TooManyTemplates(TEMPLATES_MAX);
  const { name, language, channel } = key;
  return [TemplatePublished(occurredNow(now), { name, language, channel, source: content })];
}

/** @throws TemplateUnknown */
export function decideWithdrawal(key: TemplateKey, state: TemplatesState, now: Instant): TemplateEvent[] {
  if (!state.published.has(keyOf(key))) throw new TemplateUnknown();
  const { name, language, channel } = key;
  return [TemplateWithdrawn(occurredNow(now), { name, language, channel })];
}

/** @param language null: English */
export const decideFallbackLanguage = (
  language: string | null,
  state: TemplatesState,
  now: Instant,
): TemplateEvent[] =>
  state.fallbackLanguage === language ? [] : [TemplateFallbackLanguageSet(occurredNow(now), { language })];

function isSame(a: TemplateContent, b: TemplateContent): boolean {
  const phrases = ({ phrases: all }: TemplateContent) =>
    JSON.stringify(Object.entries(all).sort(([x], [y]) => (x < y ? -1 : 1)));
  return a.subject === b.subject && a.text === b.text && a.mjml === b.mjml && phrases(a) === phrases(b);
}
