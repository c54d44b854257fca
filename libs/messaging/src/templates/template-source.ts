import { createHash } from 'node:crypto';
import { emailLayout } from './email-layout.js';
import { en } from './en.templates.js';
import { fr } from './fr.templates.js';
import { mjmlOf, textOf } from './template-blocks.js';
import {
  type ChannelKind,
  type MessageTemplate,
  type Phrases,
  STANDING_PHRASES,
  type TemplateName,
  type TemplateSet,
} from './template-set.js';
import { tr } from './tr.templates.js';

/** The words that come with the software, by language. */
export const TEMPLATES: Readonly<Record<string, TemplateSet>> = { en, tr, fr };

/** Everything that makes the text of one kind of message in one language on one channel. */
export interface TemplateSource {
  readonly name: TemplateName;
  readonly language: string;
  readonly channel: ChannelKind;
  /** Liquid; null for an SMS. */
  readonly subject: string | null;
  /** Liquid. */
  readonly text: string;
  /** MJML with Liquid in it; null for an SMS. */
  readonly mjml: string | null;
  readonly phrases: Phrases;
}

/** SHA-256 in hex of everything that makes the text; layout and phrases included, whoever gets the message. */
export function templateHash(source: TemplateSource): string {
  const { name, language, channel, subject, text, mjml } = source;
  const phrases = Object.entries(source.phrases).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([name, language, channel, subject, text, mjml, phrases]))
    .digest('hex');
}

/** `{{ 'in-days' | icu: … }}` */
const PHRASE = /(['"])([a-z0-9-]+)\1\s*\|\s*icu\b/g;

/** Names of the phrases that a template asks for. */
export const phrasesIn = (...texts: readonly (string | null)[]): string[] =>
  texts.flatMap((text) => [...(text ?? '').matchAll(PHRASE)].map(([, , name]) => name as string));

const builtIns = new Map<string, TemplateSource>();

/** The template that comes with the software; undefined where there is none in the language. */
export function builtInTemplate(
  name: TemplateName,
  language: string,
  channel: ChannelKind,
): TemplateSource | undefined {
  const key = `${name} ${language} ${channel}`;
  const known = builtIns.get(key);
  if (known) return known;
  const set = Object.hasOwn(TEMPLATES, language) ? TEMPLATES[language] : undefined;
  if (!set) return undefined;
  const source = sourceOf(set, name, language, channel);
  builtIns.set(key, source);
  return source;
}

/** Whether it came with the software. */
export const isBuiltIn = (source: TemplateSource): boolean =>
  builtInTemplate(source.name, source.language, source.channel) === source;

function sourceOf(set: TemplateSet, name: TemplateName, language: string, channel: ChannelKind): TemplateSource {
  const template: MessageTemplate = set.templates[name];
  const parts =
    channel === 'sms'
      ? { subject: null, text: template.sms, mjml: null }
      : {
          subject: template.subject,
          text: textOf(template.email, set.colon),
          mjml: emailLayout(language, mjmlOf(template.email)),
        };
  const named = new Set([...STANDING_PHRASES, ...phrasesIn(parts.subject, parts.text)]);
  // Only what it asks for: a change of one phrase is a new version of the templates that use it, and of no others.
  const phrases = Object.fromEntries(Object.entries(set.phrases).filter(([each]) => named.has(each)));
  return { name, language, channel, ...parts, phrases };
}

/** Where a chain's own e-mail brings no MJML: its plain text, paragraph by paragraph. */
export const plainLayout = (language: string): string =>
  emailLayout(language, '<mj-text>{{ text | paragraphs }}</mj-text>\n');

/** The phrases that a chain's own template has to have and does not bring, in the nearest language that there is. */
export function standingPhrases(language: string): Phrases {
  const set = TEMPLATES[language.split('-')[0] as string] ?? en;
  return Object.fromEntries(STANDING_PHRASES.map((name) => [name, set.phrases[name]]));
}
