import { setTimeout as pause } from 'node:timers/promises';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { answeredLines, type Client, ProblemAnswered, withQuery } from './client.js';
import type { ToldEvent } from './event-line.js';

/** A server that starts again takes a second or two. */
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 5_000;

type Line = { readonly event: ToldEvent } | { readonly position: number };

export interface FollowOptions {
  /** Filters, and `from` where it begins. */
  readonly query: Record<string, string | undefined>;
  readonly signal: AbortSignal;
  /** Tells a person what happens to the connection. */
  readonly say: (text: string) => void;
}

/**
 * Events as they are recorded, until `signal`; over broken connections it goes on after the last position, so that none
 * is left out or comes twice.
 * @throws whatever the first connection throws; later only what trying again does not mend
 */
export async function* followEvents(client: Client, options: FollowOptions): AsyncGenerator<ToldEvent> {
  const { query, signal, say } = options;
  let position: number | undefined;
  let isLost = false;
  for (let pauseMs = PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    const from = position === undefined ? query['from'] : String(position + 1);
    let reason = 'The server closed the connection.';
    try {
      for await (const line of answeredLines<Line>(client, 'GET', withQuery('/v1/events/follow', { ...query, from }))) {
        if (isLost) say(`Connected again, from position ${from}.`);
        isLost = false;
        pauseMs = PAUSE_MS;
        position = 'event' in line ? line.event.position : line.position;
        if ('event' in line) yield line.event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (position === undefined || !mayPass(error)) throw error;
      reason = (error as Error).message;
    }
    if (signal.aborted) return;
    if (!isLost) say(`${reason} Trying again from position ${(position ?? 0) + 1}.`);
    isLost = true;
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof Unavailable || (error instanceof ProblemAnswered && [429, 502, 503, 504].includes(error.status));
