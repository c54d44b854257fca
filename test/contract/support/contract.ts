import type { Chain } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { AppendRequest, AppendResult, EventStore, StreamAppend } from '#libs/event-store/src/event-store.js';
import { appendOf } from './contract-events.js';
import type { EventStoreAdapter, Place } from './event-store.adapter.js';

/**
 * What a part of the suite works with: a place that its tests share, a store over it, and for each test a chain of its
 * own. Tests that restart, hurt or copy a place make one for themselves.
 */
export class Contract {
  place!: Place;
  store!: EventStore;
  codec!: Codec;
  chain!: Chain;

  constructor(readonly adapter: EventStoreAdapter) {}

  get gapFree(): boolean {
    return this.adapter.capabilities.gapFree;
  }

  /** Appends under a fresh command id. */
  append(streams: StreamAppend | readonly StreamAppend[], more: Partial<AppendRequest> = {}): Promise<AppendResult> {
    return this.store.append(this.request(streams, more));
  }

  request(streams: StreamAppend | readonly StreamAppend[], more: Partial<AppendRequest> = {}): AppendRequest {
    return appendOf(this.chain, 'stream' in streams ? [streams] : streams, more);
  }

  /** Runs `test` over a place of its own. */
  async inPlace(test: (place: Place) => Promise<void>): Promise<void> {
    const place = await this.adapter.create();
    try {
      await test(place);
    } finally {
      await place.remove();
    }
  }
}

/** A `describe` that is reported as skipped, by name, where the store does not promise or offer what it tests. */
export function describeWhere(promised: boolean, name: string, tests: () => void): void {
  if (promised) describe(name, tests);
  else describe.skip(`${name} (skipped: not for this store)`, tests);
}

export function itWhere(promised: boolean, name: string, test: () => Promise<void>): void {
  if (promised) it(name, test);
  else it.skip(`${name} (skipped: not for this store)`, test);
}
