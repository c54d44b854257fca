import type { Id } from '#libs/kernel/src/ids.js';
import { Coalesce } from '#libs/kernel/src/coalesce.js';
import type { KurrentDbConnection } from './kurrentdb.connection.js';
import { ALL_CHAINS_PREFIX, parseName, prefixOf } from './kurrentdb.names.js';
import { positionOf } from './kurrentdb.records.js';

/** Questions that go together in one. */
const QUESTIONS_MAX = 1_000;
/** Newest events that are looked through for the heads of chains, before each chain is asked for by itself. */
const NEWEST_MAX = 100;

/**
 * The newest position of each chain. The server has no such list, but can read its log backwards: one event tells
 * whether there is anything new at all, and what is new tells the heads of the chains that it belongs to.
 */
export class KurrentDbHeads {
  private readonly known = new Map<Id, number>();
  /** The newest position of all chains when `known` was brought up to date. */
  private newest = 0;
  private readonly questions = new Coalesce<readonly Id[], ReadonlyMap<Id, number>>(
    (asked) => this.answer(asked),
    QUESTIONS_MAX,
  );

  constructor(private readonly connection: KurrentDbConnection) {}

  /** @throws Unavailable */
  of(chains: readonly Id[]): Promise<ReadonlyMap<Id, number>> {
    return this.questions.get(chains);
  }

  private async answer(asked: readonly (readonly Id[])[]): Promise<ReadonlyMap<Id, number>[]> {
    await this.catchUp();
    for (const chain of new Set(asked.flat())) {
      if (this.known.has(chain)) continue;
      const [head] = await this.backwards(prefixOf(chain), 1);
      this.known.set(chain, head?.position ?? 0);
    }
    return asked.map((chains) => new Map(chains.map((chain) => [chain, this.known.get(chain) ?? 0])));
  }

  private async catchUp(): Promise<void> {
    const [last] = await this.backwards(ALL_CHAINS_PREFIX, 1);
    const newest = last?.position ?? 0;
    if (newest === this.newest) return;
    // The log is shorter than it was: the server was emptied or restored.
    if (newest < this.newest) this.known.clear();
    const seen = new Map<Id, number>();
    const events = await this.backwards(ALL_CHAINS_PREFIX, NEWEST_MAX);
    for (const { chain, position } of events) if (!seen.has(chain)) seen.set(chain, position);
    const gap = (events.at(-1)?.position ?? 0) > this.newest && events.length === NEWEST_MAX;
    // Whatever lies between may be of any chain that was not seen.
    if (gap) this.known.clear();
    for (const [chain, position] of seen) this.known.set(chain, position);
    this.newest = events[0]?.position ?? 0;
  }

  private async backwards(prefix: string, limit: number): Promise<{ chain: Id; position: number }[]> {
    const events: { chain: Id; position: number }[] = [];
    await this.connection.readAll(
      { prefix, direction: 'backwards', fromPosition: 'end', maxCount: limit },
      ({ event }) => {
        const named = event && parseName(event.streamId);
        // Some servers compare prefixes by the rules of a language, so the name is compared once more.
        if (event && named && event.streamId.startsWith(prefix))
          events.push({ chain: named.chain, position: positionOf(event.position) });
        return events.length < limit;
      },
    );
    return events;
  }
}
