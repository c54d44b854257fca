import type { Chain } from '#libs/event-store/src/chains.js';
import type { OwnTemplatesReader } from './custom/own-templates.js';
import type { MessageMatter } from './message-content.js';
import { renderMessage, type RenderedMessage } from './render-message.js';
import type { TemplateLibrary } from './template-library.js';
import type { ChannelKind } from './template-set.js';

/** Writes messages with the templates of their chain, and keeps the words that they were written from. */
export class MessageWriter {
  constructor(
    private readonly own: Pick<OwnTemplatesReader, 'of'>,
    private readonly library: Pick<TemplateLibrary, 'keep'>,
  ) {}

  /** @throws Error for a message that lacks what it is about; Unavailable when the database cannot be reached */
  async write(
    chain: Chain,
    matter: MessageMatter,
    channel: ChannelKind,
    language: string,
  ): Promise<Omit<RenderedMessage, 'template'>> {
    const { template, ...rendered } = await renderMessage(matter, channel, language, await this.own.of(chain));
    // Before an event names the hash: which words were used can be shown for ever.
    await this.library.keep(template);
    return rendered;
  }
}
