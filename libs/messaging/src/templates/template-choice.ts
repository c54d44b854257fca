import { bestLanguage } from './language.js';
import type { ChannelKind, TemplateName } from './template-set.js';
import { builtInTemplate, type TemplateSource, TEMPLATES } from './template-source.js';

/** The templates that a chain brings itself. */
export interface OwnTemplates {
  /** A language that the chain has set for patients in whose language there is nothing; null: none. */
  readonly fallbackLanguage: string | null;
  find(name: TemplateName, language: string, channel: ChannelKind): TemplateSource | undefined;
}

export const NO_OWN_TEMPLATES: OwnTemplates = { fallbackLanguage: null, find: () => undefined };

/** `pt-BR` is read as `pt-BR`, then as `pt`. */
const waysToRead = (language: string): string[] => {
  const primary = language.split('-')[0] as string;
  return primary === language ? [language] : [language, primary];
};

/**
 * What a message is written from, the best first: the chain's own template in the wanted language; what comes with the
 * software in it; the chain's own in its fallback language; the chain's own and what comes with the software in English.
 */
export function templateChoices(
  name: TemplateName,
  channel: ChannelKind,
  wantedLanguage: string,
  own: OwnTemplates = NO_OWN_TEMPLATES,
): readonly [TemplateSource, ...TemplateSource[]] {
  const ownIn = (language: string) => waysToRead(language).map((each) => own.find(name, each, channel));
  const language = bestLanguage(wantedLanguage, Object.keys(TEMPLATES)) as string;
  const isWanted = language.split('-')[0] === wantedLanguage.toLowerCase().split('-')[0];
  const fallback = own.fallbackLanguage;
  const choices = [
    ...ownIn(wantedLanguage),
    ...(isWanted ? [builtInTemplate(name, language, channel)] : []),
    ...(fallback === null ? [] : [...ownIn(fallback), builtInTemplate(name, fallback, channel)]),
    ...ownIn('en'),
  ].filter((each) => each !== undefined);
  return [...choices, builtInTemplate(name, 'en', channel) as TemplateSource] as unknown as readonly [
    TemplateSource,
    ...TemplateSource[],
  ];
}
