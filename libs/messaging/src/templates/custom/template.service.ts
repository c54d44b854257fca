import { type CommandMeta, type CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { smsSegments } from '../sms-segments.js';
import { hashOf } from '../compiled-template.js';
import type { TemplateLibrary } from '../template-library.js';
import { TEMPLATE_CHANNELS, TEMPLATE_NAMES } from '../template-set.js';
import { builtInTemplate, TEMPLATES, type TemplateSource } from '../template-source.js';
import { checkTemplate } from './check-template.js';
import { ownSource } from './own-source.js';
import { valuesOf } from './sample-contents.js';
import type { GivenTemplate } from './template.commands.js';
import type { KeptTemplateView, TemplateListView, TemplatePreviewView, TemplateView } from './template.contract.js';
import { decideFallbackLanguage, decidePublication, decideWithdrawal } from './template.decider.js';
import { TemplateUnknown } from './template.errors.js';
import { type TemplateContent, templateId, type TemplateKey, templateStream } from './template.events.js';
import { keyOf, type TemplatesState, templatesFold } from './template.state.js';

const BUILT_IN_KEYS: readonly TemplateKey[] = Object.keys(TEMPLATES).flatMap((language) =>
  TEMPLATE_NAMES.flatMap((name) => TEMPLATE_CHANNELS.map((channel) => ({ name, language, channel }))),
);

/** The words of a chain's messages: its own, and those that come with the software. */
export class TemplateService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly library: TemplateLibrary,
  ) {}

  /**
   * Publishes a template in place of the one before, once it was tried on samples.
   * @returns its id, which follows from chain, kind, language and channel
   * @throws TemplateRefused with everything that is to be mended, TooManyTemplates
   */
  async publish(meta: CommandMeta, key: TemplateKey, given: GivenTemplate): Promise<CommandAnswer> {
    const content = contentOf(given);
    // It depends on nothing but the template itself: what it finds holds whatever is read later.
    const { findings } = await checkTemplate(ownSource(key, content));
    return this.run(meta, key, (state, now) => decidePublication(key, content, findings, state, now));
  }

  /** @throws TemplateUnknown */
  withdraw(meta: CommandMeta, key: TemplateKey): Promise<CommandAnswer> {
    return this.run(meta, key, (state, now) => decideWithdrawal(key, state, now));
  }

  /** @returns the id of the chain, which the language is of */
  async setFallbackLanguage(meta: CommandMeta, language: string | null): Promise<CommandAnswer> {
    const stream = templateStream(meta.chain.id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, templatesFold);
      return [{ stream, events: decideFallbackLanguage(language, state, reads.now) }];
    });
    return { id: meta.chain.id, ...result };
  }

  /** The chain's own templates and, where it has none, those that come with the software. */
  async list(chain: Chain): Promise<TemplateListView> {
    const { state, revision } = await this.runner.read(chain, templateStream(chain.id), templatesFold);
    const own = [...state.published.values()].map(({ name, language, channel, content, publishedAt }) => ({
      ...{ name, language, channel, origin: 'chain' as const, publishedAt },
      templateHash: hashOf(ownSource({ name, language, channel }, content)),
    }));
    const others = BUILT_IN_KEYS.filter((key) => !state.published.has(keyOf(key))).map((key) => ({
      ...{ ...key, origin: 'built-in' as const, publishedAt: null },
      templateHash: hashOf(builtInTemplate(key.name, key.language, key.channel) as TemplateSource),
    }));
    const items = [...own, ...others].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    return { items, fallbackLanguage: state.fallbackLanguage, revision };
  }

  /** @throws TemplateUnknown where neither the chain nor the software has one */
  async show(chain: Chain, key: TemplateKey): Promise<TemplateView> {
    const { state } = await this.runner.read(chain, templateStream(chain.id), templatesFold);
    const own = state.published.get(keyOf(key));
    const values = [...valuesOf(key.name)];
    if (own) {
      const templateHash = hashOf(ownSource(key, own.content));
      return { ...key, origin: 'chain', templateHash, publishedAt: own.publishedAt, ...own.content, values };
    }
    const source = builtInTemplate(key.name, key.language, key.channel);
    if (!source) throw new TemplateUnknown();
    const phrases = { ...source.phrases };
    return { ...source, phrases, origin: 'built-in', templateHash: hashOf(source), publishedAt: null, values };
  }

  /**
   * How messages will read that are written so, and what stands in the way. Nothing is stored.
   * @param given undefined: the template as it is now
   * @throws TemplateUnknown where there is nothing to preview
   */
  async preview(chain: Chain, key: TemplateKey, given: GivenTemplate | undefined): Promise<TemplatePreviewView> {
    const source = given ? ownSource(key, contentOf(given)) : await this.present(chain, key);
    const { findings, samples } = await checkTemplate(source);
    return {
      valid: findings.length === 0,
      templateHash: hashOf(source),
      findings: [...findings],
      samples: samples.map((sample) => ({
        ...sample,
        segments: source.channel === 'sms' ? smsSegments(sample.text) : null,
      })),
    };
  }

  /** The words that messages of a hash were written from. @throws TemplateUnknown */
  async kept(hash: string): Promise<KeptTemplateView> {
    const kept = await this.library.find(hash);
    if (!kept) throw new TemplateUnknown();
    const { hash: templateHash, phrases, ...rest } = kept;
    return { ...rest, phrases: { ...phrases }, templateHash };
  }

  private async present(chain: Chain, key: TemplateKey): Promise<TemplateSource> {
    const { state } = await this.runner.read(chain, templateStream(chain.id), templatesFold);
    const own = state.published.get(keyOf(key));
    const source = own ? ownSource(key, own.content) : builtInTemplate(key.name, key.language, key.channel);
    if (!source) throw new TemplateUnknown();
    return source;
  }

  private async run(
    meta: CommandMeta,
    key: TemplateKey,
    decide: (state: TemplatesState, now: string) => ReturnType<typeof decidePublication>,
  ): Promise<CommandAnswer> {
    const stream = templateStream(meta.chain.id);
    const result = await this.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, templatesFold);
      return [{ stream, events: decide(state, reads.now) }];
    });
    return { id: templateId(meta.chain.id, key), ...result };
  }
}

const contentOf = ({ subject, text, mjml, phrases }: GivenTemplate): TemplateContent => ({
  subject: subject ?? null,
  text,
  mjml: mjml ?? null,
  phrases: phrases ?? {},
});
