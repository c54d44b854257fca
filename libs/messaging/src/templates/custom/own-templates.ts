import type { Chain } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import { type EventStore, NO_STREAM_REVISION } from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { OwnTemplates } from '../template-choice.js';
import type { TemplateSource } from '../template-source.js';
import { ownSource } from './own-source.js';
import { type TemplateEvent, templateStream } from './template.events.js';
import { keyOf, type TemplatesState, templatesFold } from './template.state.js';

/**
 * How long a process goes by what it has read, in real time. New words take effect within that time; asking before every
 * message would cost a question for each.
 */
const FRESH_MS = 1_000;
/** Events of one reading; the store gives no more than 10,000. */
const PAGE = 1_000;

interface Known {
  readonly state: TemplatesState;
  readonly revision: number;
  readonly templates: OwnTemplates;
}

const NOTHING: Known = {
  state: templatesFold.initial,
  revision: NO_STREAM_REVISION,
  templates: templatesOf(templatesFold.initial),
};

/** The templates of each chain, as they are written from where messages leave. */
export class OwnTemplatesReader {
  private readonly known = new Map<string, { readonly at: number; readonly reading: Promise<Known> }>();

  /** @param nowMs a steady clock in real time */
  constructor(
    private readonly store: Pick<EventStore, 'readStream'>,
    private readonly codec: Pick<Codec, 'decodeSealed'>,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @throws what the store throws */
  async of(chain: Chain): Promise<OwnTemplates> {
    const last = this.known.get(chain.id);
    if (last && this.nowMs() - last.at < FRESH_MS) return (await last.reading).templates;
    // What could not be read is not what to go on from.
    const before = last ? await last.reading.catch(() => NOTHING) : NOTHING;
    const reading = this.readOn(chain, before);
    this.known.set(chain.id, { at: this.nowMs(), reading });
    reading.catch(() => this.known.delete(chain.id));
    return (await reading).templates;
  }

  private async readOn(chain: Chain, before: Known): Promise<Known> {
    let { state, revision } = before;
    for (;;) {
      const options = { from: revision + 1, limit: PAGE };
      const events = await this.store.readStream(chain.id, templateStream(chain.id), options);
      for (const event of events) {
        state = templatesFold.evolve(
          state,
          this.codec.decodeSealed<TemplateEvent>(event) as RecordedEvent<TemplateEvent>,
        );
        revision = event.revision;
      }
      if (events.length < PAGE) break;
    }
    return revision === before.revision ? before : { state, revision, templates: templatesOf(state) };
  }
}

/** The templates of a state, each completed once: a source that stays the same object is hashed once. */
export function templatesOf(state: TemplatesState): OwnTemplates {
  const sources = new Map<string, TemplateSource>();
  for (const [key, template] of state.published) sources.set(key, ownSource(template, template.content));
  return {
    fallbackLanguage: state.fallbackLanguage,
    find: (name, language, channel) => sources.get(keyOf({ name, language, channel })),
  };
}
