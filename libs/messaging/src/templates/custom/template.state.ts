import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { TemplateContent, TemplateEvent, TemplateKey } from './template.events.js';

/** A template of the chain that is in use. */
export interface PublishedTemplate extends TemplateKey {
  readonly content: TemplateContent;
  readonly publishedAt: Instant;
}

/** The templates that a chain has of its own, by `keyOf`. */
export interface TemplatesState {
  readonly published: ReadonlyMap<string, PublishedTemplate>;
  readonly fallbackLanguage: string | null;
}

export const keyOf = ({ name, language, channel }: TemplateKey): string => `${name} ${language} ${channel}`;

export const templatesFold = {
  initial: { published: new Map(), fallbackLanguage: null } as TemplatesState,
  evolve,
};

function evolve(state: TemplatesState, event: RecordedEvent<TemplateEvent>): TemplatesState {
  switch (event.type) {
    case 'TemplatePublished': {
      const { source: content, ...key } = event.data;
      const template = { ...key, content, publishedAt: event.recordedAt };
      return { ...state, published: new Map(state.published).set(keyOf(key), template) };
    }
    case 'TemplateWithdrawn': {
      const published = new Map(state.published);
      published.delete(keyOf(event.data));
      return { ...state, published };
    }
    case 'TemplateFallbackLanguageSet':
      return { ...state, fallbackLanguage: event.data.language };
    default:
      return assertNever(event, 'event of templates');
  }
}
