import { createHash } from 'node:crypto';
import { Liquid } from 'liquidjs';
import { en } from './en.templates.js';
import { fr } from './fr.templates.js';
import { bestLanguage } from './language.js';
import { messageContent, type MessageMatter } from './message-content.js';
import type { TemplateName, TemplateSet } from './template-set.js';
import { tr } from './tr.templates.js';

export const TEMPLATES: Readonly<Record<string, TemplateSet>> = { en, tr, fr };

/** A message as it leaves. */
export interface RenderedMessage {
  readonly language: string;
  /** SHA-256, in hex, of the template's source: which words were used can be shown for ever. */
  readonly templateHash: string;
  /** Null for an SMS. */
  readonly subject: string | null;
  readonly body: string;
}

// An unknown name in a template is a mistake that must not reach a patient as a hole in a sentence.
const engine = new Liquid({ strictVariables: true, strictFilters: true, cache: true });

/**
 * Writes a message in the patient's language, English where there is no template in it.
 * @throws Error for a template that does not fit its values.
 */
export function renderMessage(
  matter: MessageMatter,
  channel: 'email' | 'sms',
  wantedLanguage: string,
): RenderedMessage {
  const language = bestLanguage(wantedLanguage, Object.keys(TEMPLATES)) as string;
  const template = (TEMPLATES[language] as TemplateSet)[templateOf(matter.planned.kind)];
  const content = messageContent(matter, language);
  const render = (source: string): string => (engine.parseAndRenderSync(source, content) as string).trim();
  const [subject, body] = channel === 'email' ? [template.subject, template.email] : [null, template.sms];
  return {
    language,
    templateHash: createHash('sha256')
      .update(`${subject ?? ''}\0${body}`)
      .digest('hex'),
    subject: subject === null ? null : render(subject),
    body: render(body),
  };
}

const templateOf = (kind: MessageMatter['planned']['kind']): TemplateName =>
  kind === 'aspirin-notice' ? 'precaution-notice' : kind;
