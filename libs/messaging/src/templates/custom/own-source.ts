import { plainLayout, standingPhrases, type TemplateSource } from '../template-source.js';
import type { TemplateContent, TemplateKey } from './template.events.js';

/** A chain's own template with all that it left out: our layout around its plain text, and the phrases that all have. */
export function ownSource({ name, language, channel }: TemplateKey, content: TemplateContent): TemplateSource {
  const { subject, text, mjml } = content;
  return {
    ...{ name, language, channel, subject, text },
    mjml: mjml ?? (channel === 'email' ? plainLayout(language) : null),
    phrases: { ...standingPhrases(language), ...content.phrases },
  };
}
