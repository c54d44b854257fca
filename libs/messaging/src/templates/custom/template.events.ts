import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { languageSchema } from '#libs/protocols/src/rule.schema.js';
import { z } from 'zod';
import { type ChannelKind, TEMPLATE_CHANNELS, TEMPLATE_NAMES, type TemplateName } from '../template-set.js';

/** One stream for all templates of a chain: a message asks for several of them at once, and they are few. */
export const templateStream = (chainId: Id) => `template-${derivedId(chainId, 'message templates')}`;

/** Which of a chain's templates it is. */
export interface TemplateKey {
  readonly name: TemplateName;
  readonly language: string;
  readonly channel: ChannelKind;
}

export const templateId = (chainId: Id, { name, language, channel }: TemplateKey): Id =>
  derivedId(chainId, `message template ${name} ${language} ${channel}`);

const keyShape = {
  name: z.enum(TEMPLATE_NAMES),
  language: languageSchema,
  channel: z.enum(TEMPLATE_CHANNELS),
};

/** A template as the chain wrote it; what it left out is added when it is used. */
export const templateContentEventSchema = z.strictObject({
  subject: z.string().nullable(),
  text: z.string(),
  mjml: z.string().nullable(),
  phrases: z.record(z.string(), z.string()),
});
export type TemplateContent = z.infer<typeof templateContentEventSchema>;

/** From now on messages of the kind are written so. It was tried on samples before. */
export const TemplatePublished = eventType('TemplatePublished', {
  schema: z.strictObject({ ...keyShape, source: templateContentEventSchema }),
});

/** From now on they are written as if the chain had never had words of its own for them. */
export const TemplateWithdrawn = eventType('TemplateWithdrawn', { schema: z.strictObject(keyShape) });

/** What patients are written to in whose language there is nothing; null: English. */
export const TemplateFallbackLanguageSet = eventType('TemplateFallbackLanguageSet', {
  schema: z.strictObject({ language: languageSchema.nullable() }),
});

export const TEMPLATE_EVENTS = [TemplatePublished, TemplateWithdrawn, TemplateFallbackLanguageSet] as const;
export type TemplateEvent = EventOf<(typeof TEMPLATE_EVENTS)[number]>;
