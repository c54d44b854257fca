import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { EncodedEvent } from './codec.js';
import { GuardFailed, WrongExpectedRevision } from './event-store.errors.js';
import { type AppendRequest, type ExpectedRevision, NO_STREAM_REVISION, type StreamName } from './event-store.js';
import type { StreamState } from './kurrentdb.connection.js';
import { nameOf } from './kurrentdb.names.js';

/** One thing that must hold for an append, in the order in which the request says so. */
export interface Check {
  readonly stream: StreamName;
  readonly name: string;
  holds(actual: number): boolean;
  failed(actual: number): WrongExpectedRevision | GuardFailed;
}

export interface PlannedEvent {
  /** Follows from the command, so that the server knows the event again that it has already. */
  readonly id: Id;
  readonly name: string;
  readonly event: EncodedEvent;
}

/** An append in the server's terms. */
export interface AppendPlan {
  readonly chain: Id;
  readonly commandId: Id;
  /** All streams that the request names as written, with events or without: where the command is looked for. */
  readonly streams: readonly StreamName[];
  /** Those that get events. */
  readonly written: readonly StreamName[];
  readonly checks: readonly Check[];
  /**
   * One condition for each stream, which holds exactly when all checks of the stream do; left out where there are none.
   * Undefined where they contradict each other, so that no stream fulfils them.
   */
  readonly conditions: ReadonlyMap<string, Exclude<StreamState, 'any'> | undefined>;
  readonly events: readonly PlannedEvent[];
}

type Wanted = 'any' | 'exists' | number;

/** Puts the server's names and words to a request. `encoded` are the events of all its streams in their order. */
export function planOf(request: AppendRequest, encoded: readonly EncodedEvent[]): AppendPlan {
  const { chain, commandId } = request;
  const checks: (Check & { wanted: Wanted })[] = [];
  const events: PlannedEvent[] = [];
  const written = new Map<StreamName, number>();
  let next = 0;
  for (const { stream, expectedRevision, events: given } of request.streams) {
    const name = nameOf(chain, stream);
    checks.push({
      ...checkOf(stream, name, expectedRevision),
      failed: (actual) => new WrongExpectedRevision(stream, expectedRevision, actual),
    });
    for (let n = 0; n < given.length; n += 1) {
      const number = written.get(stream) ?? 0;
      written.set(stream, number + 1);
      events.push({ id: derivedId(commandId, `${name} ${number}`), name, event: encoded[next++] as EncodedEvent });
    }
  }
  for (const { stream, revision } of request.guards ?? []) {
    checks.push({
      ...checkOf(stream, nameOf(chain, stream), revision),
      failed: (actual) => new GuardFailed(stream, revision, actual),
    });
  }
  const conditions = new Map<string, Exclude<StreamState, 'any'> | undefined>();
  for (const name of new Set(checks.map((check) => check.name))) {
    const state = conditionOf(checks.filter((check) => check.name === name).map(({ wanted }) => wanted));
    if (state !== 'any') conditions.set(name, state);
  }
  const streams = [...new Set(request.streams.map(({ stream }) => stream))];
  return { chain, commandId, streams, written: [...written.keys()], checks, conditions, events };
}

function checkOf(stream: StreamName, name: string, expected: ExpectedRevision) {
  const wanted: Wanted = expected === 'no-stream' ? NO_STREAM_REVISION : expected;
  const holds = (actual: number) =>
    wanted === 'any' || (wanted === 'exists' ? actual > NO_STREAM_REVISION : actual === wanted);
  return { stream, name, wanted, holds };
}

function conditionOf(wanted: readonly Wanted[]): StreamState | undefined {
  const [number, ...others] = new Set(wanted.filter((each) => typeof each === 'number'));
  const exists = wanted.includes('exists');
  if (number === undefined) return exists ? 'stream_exists' : 'any';
  if (others.length > 0 || !Number.isSafeInteger(number) || number < (exists ? 0 : NO_STREAM_REVISION))
    return undefined;
  return number === NO_STREAM_REVISION ? 'no_stream' : BigInt(number);
}
