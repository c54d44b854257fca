import type { CalendarPart } from '../channel.contract.js';
import { calendarPart } from './calendar-part.js';
import { compiledTemplate } from './compiled-template.js';
import { isDiscreet } from '#libs/protocols/src/discreet.rule.js';
import { messageContent, type MessageMatter, senderOf } from './message-content.js';
import { NO_OWN_TEMPLATES, type OwnTemplates, templateChoices } from './template-choice.js';
import { type ChannelKind, templateOf } from './template-set.js';
import { isBuiltIn, type TemplateSource } from './template-source.js';

export { TEMPLATES } from './template-source.js';

/** A message as it leaves. */
export interface RenderedMessage {
  readonly language: string;
  /** SHA-256, in hex, of the template's source: which words were used can be shown for ever. */
  readonly templateHash: string;
  /** For the library that keeps the words of every hash. */
  readonly template: TemplateSource;
  /** Name of the clinic as it may stand where others read it. */
  readonly sender: string;
  /** Null for an SMS. */
  readonly subject: string | null;
  readonly body: string;
  /** The same in HTML; null for an SMS. */
  readonly html: string | null;
  /** Null for an SMS and for what is no appointment. */
  readonly calendar: CalendarPart | null;
  /** Why the chain's own template was left aside, free of personal data; null where it was not. */
  readonly leftAside: string | null;
}

/**
 * Writes a message in the patient's language, or in the nearest that there is. A chain's own template that does not fit
 * this one message is left aside for the one that comes with the software: it was tried when it was published, but only on
 * samples, and nobody should miss what to do after a treatment because of it.
 * @throws Error for a message that lacks what it is about; LiquidError for a built-in template that does not fit
 */
export async function renderMessage(
  matter: MessageMatter,
  channel: ChannelKind,
  wantedLanguage: string,
  own: OwnTemplates = NO_OWN_TEMPLATES,
): Promise<RenderedMessage> {
  const { kind, messageId } = matter.planned;
  if (kind === 'maintenance-proposal' && !matter.proposal) {
    throw new Error(`Message ${messageId} proposes a time, and no time is held for it`);
  }
  let leftAside: string | null = null;
  for (const source of templateChoices(templateOf(kind), channel, wantedLanguage, own)) {
    try {
      return { ...(await written(matter, source)), leftAside };
    } catch (error) {
      if (isBuiltIn(source)) throw error;
      leftAside = `${source.name} in ${source.language} for ${channel}: ${problemOf(error)}`;
    }
  }
  throw new Error(`There is no template ${templateOf(kind)}`);
}

/** Names no value: what Liquid says of a template may quote what it was filled in with. */
const problemOf = (error: unknown): string => {
  if (error instanceof NamesTreatment) return error.message;
  return error instanceof Error ? error.name : 'unknown';
};

class NamesTreatment extends Error {}

async function written(matter: MessageMatter, source: TemplateSource): Promise<Omit<RenderedMessage, 'leftAside'>> {
  const template = await compiledTemplate(source);
  const { language, phrases, channel } = source;
  const { text, ...rest } = template.render(messageContent(matter, language, phrases));
  if (!isBuiltIn(source)) refuseNamed(matter, rest.subject ?? text);
  return {
    ...{ language, templateHash: template.hash, template: source, sender: senderOf(matter, language, phrases) },
    ...{ ...rest, body: text },
    calendar: channel === 'email' ? calendarPart(matter, language, phrases) : null,
  };
}

/** @param seen what others read: the subject of an e-mail, the whole of an SMS; a chain's own words may name anything */
function refuseNamed({ protocol }: MessageMatter, seen: string): void {
  if (!isDiscreet(seen, protocol)) throw new NamesTreatment('it names a treatment where others read it');
}
