import type { ServerResponse } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { type EventFilter, subscribe, type SubscriptionPage } from '#libs/event-store/src/subscription.js';
import { patientsIn } from '#libs/http/src/disclosure.js';
import type { LastingAnswer } from '#libs/http/src/lasting-answer.js';
import { Overloaded } from '#libs/kernel/src/errors.js';
import { type EventView, eventView } from './event.view.js';
import { scan } from './event-scan.js';

/** Each looks for what is new twice a second, and holds a page. */
const FOLLOWERS_MAX = 20;
/** Proxies and clients take a silent connection for dead after 30 s to 60 s. */
const SIGN_MS = 15_000;
/** Who may not read on is cut off so soon, whether anything comes or not; each look is a query and a fold. */
const LOOK_EVERY_MS = 3_000;
/** A reader that has stalled would keep a closing server waiting for what it does not take. */
const FLUSH_MS_MAX = 2_000;
/** Held for each follower: some 45 kB, and 100 MB where every event is as large as one may be. */
const PAGE_EVENTS = 100;

/** An event, or a sign of life with the position up to which nothing else is wanted. */
export type FollowLine = { readonly event: EventView } | { readonly position: number };

export interface FollowOptions {
  readonly filter: EventFilter;
  /** Position of the last event that is known already. */
  readonly after: number;
  readonly head: number;
  readonly signal: AbortSignal;
  readonly answer: LastingAnswer;
}

/** Those who read the log as it grows. A slow one is read for slowly: nothing piles up. */
@Injectable()
export class EventFollowers implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly answers = new Set<ServerResponse>();
  private followers = 0;

  get count(): number {
    return this.followers;
  }

  /**
   * What is wanted of the log from a position on, and what comes, until `signal` or the end of the application.
   * Whose data an event names is on record before it is given, page by page.
   * @throws Overloaded when too many follow; what `answer` throws when the caller may not go on
   */
  async *follow(store: EventStore, chain: Chain, options: FollowOptions): AsyncGenerator<FollowLine> {
    if (this.followers >= FOLLOWERS_MAX) {
      throw new Overloaded('events.too-many-followers', `${FOLLOWERS_MAX} follow the log already. Try again later.`, {
        data: { retryAfterS: 30 },
      });
    }
    this.followers += 1;
    const left = new AbortController();
    const signal = AbortSignal.any([options.signal, this.closing.signal, left.signal]);
    try {
      yield { position: options.after };
      yield* withSigns(pagesOf(store, chain, { ...options, signal }), options.after, options.answer);
    } finally {
      left.abort();
      this.followers -= 1;
    }
  }

  /** What is to be cut off when the application closes and nobody takes what is left of it. */
  answering(answer: ServerResponse): void {
    this.answers.add(answer);
    answer.once('close', () => this.answers.delete(answer));
  }

  /** Without this, open streams would keep the server from closing. */
  beforeApplicationShutdown(): void {
    this.closing.abort();
    setTimeout(() => {
      for (const answer of this.answers) answer.destroy();
    }, FLUSH_MS_MAX).unref();
  }
}

async function* pagesOf(
  store: EventStore,
  chain: Chain,
  { filter, after, head, signal }: FollowOptions,
): AsyncGenerator<SubscriptionPage> {
  // What one stream has already is found without reading the rest of the log.
  if (filter.stream !== undefined && after < head) {
    for await (const { events } of scan(store, chain, { filter, from: after + 1, signal })) {
      const known = events.filter(({ position }) => position <= head);
      if (known.length > 0) yield { events: known, position: known.at(-1)?.position ?? after };
    }
    after = head;
  }
  yield* subscribe(store, chain.id, { after, filter, follow: true, signal, pageEvents: PAGE_EVENTS });
}

/** The events of pages one by one, with a sign of life after a time without any. */
async function* withSigns(
  pages: AsyncGenerator<SubscriptionPage>,
  after: number,
  answer: LastingAnswer,
): AsyncGenerator<FollowLine> {
  let position = after;
  let spokeAt = performance.now();
  let pending = pages.next();
  try {
    for (;;) {
      const page = await within(Math.min(LOOK_EVERY_MS, SIGN_MS - (performance.now() - spokeAt)), pending);
      if (page?.done) return;
      if (page) {
        const events = page.value.events.map(eventView);
        if (events.length > 0) await answer.assertGoesOn();
        await answer.record(patientsIn(events));
        for (const event of events) {
          // A slow reader takes a page for longer than a look holds.
          await answer.assertGoesOn(LOOK_EVERY_MS);
          yield { event };
        }
        if (page.value.events.length > 0) spokeAt = performance.now();
        position = page.value.position;
        pending = pages.next();
      }
      await answer.assertGoesOn(LOOK_EVERY_MS);
      if (performance.now() - spokeAt >= SIGN_MS) {
        yield { position };
        spokeAt = performance.now();
      }
    }
  } finally {
    // Nobody waits for it any more, whatever becomes of it.
    pending.catch(() => undefined);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), Math.max(0, ms))));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
