import { AppendTooLarge } from './event-store.errors.js';
import { NO_STREAM_REVISION } from './event-store.js';
import { Conflict, Overloaded, PistorError, Refused, Unavailable } from '#libs/kernel/src/errors.js';

/** A call that the server did not answer in time. What became of it is unknown. */
export class TimedOut extends Error {
  constructor(msMax: number) {
    super(`no answer within ${msMax} ms`);
  }
}

/** The server cannot check several streams at once, and nobody said that it need not. */
export class UnguardedServer extends Refused {
  constructor(version: string) {
    super(
      'event-store.unguarded',
      `The event store (server version ${version}) cannot append to several streams at once, nor check streams that are not written; KurrentDB 26.1 and newer can. Upgrade it, or start with --allow-unguarded (PISTOR_ALLOW_UNGUARDED=true) and accept that a decision may rest on what has just changed.`,
      { data: { version } },
    );
  }
}

export class NotAtomic extends Refused {
  constructor(streams: readonly string[]) {
    super(
      'event-store.not-atomic',
      `This server cannot write ${streams.length} streams at once; KurrentDB 26.1 and newer can. Nothing was appended.`,
      { data: { streams } },
    );
  }
}

/** The parts of the client's errors that are looked at. Its classes are not: the client is loaded only when needed. */
interface ClientError {
  readonly type?: string;
  /** Status of gRPC. */
  readonly code?: number;
  readonly message?: string;
  readonly details?: string;
  readonly maxAppendSize?: number;
  readonly maxSize?: number;
}

const RESOURCE_EXHAUSTED = 8;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;
const INVALID_ARGUMENT = 3;
const FAILED_PRECONDITION = 9;
const UNIMPLEMENTED = 12;

/** Conflicts and sizes of single events are for the append to explain: it knows what it asked for. */
const OF_THE_APPEND: ReadonlySet<unknown> = new Set([
  'wrong-expected-version',
  'append-consistency-violation',
  'append-record-size-exceeded',
  'stream-not-found',
]);

/**
 * What an error of the client means. Everything that leaves it open whether the server acted is Unavailable: the same
 * command may be sent again. What is for the append or the read to explain comes back as it is.
 */
export function problemOf(error: unknown): unknown {
  if (error instanceof PistorError) return error;
  const { type, code, message = String(error), details = message, maxAppendSize, maxSize } = error as ClientError;
  if (OF_THE_APPEND.has(type)) return error;
  if (type === 'stream-deleted' || type === 'stream-tombstoned')
    return new Conflict('stream.deleted', 'The stream was deleted on the server; its name cannot be used again.', {
      cause: error,
    });
  if (type === 'maximum-append-size-exceeded' || type === 'transaction-max-size-exceeded')
    return new AppendTooLarge({ bytesMax: maxAppendSize ?? maxSize }, error);
  if (type === 'access-denied' || code === PERMISSION_DENIED || code === UNAUTHENTICATED) {
    return new Unavailable(
      'event-store.access-denied',
      'The event store refuses this user. It must be able to read $all and to write; see KURRENTDB_URL.',
      { cause: error },
    );
  }
  if (code === RESOURCE_EXHAUSTED) {
    return /larger than max/i.test(details)
      ? new AppendTooLarge({}, error)
      : new Overloaded('event-store.overloaded', 'The event store takes no more now. Try again in a moment.', {
          cause: error,
        });
  }
  // A request that is wrong in itself stays wrong when it is sent again: a programmer's error.
  if (type === 'unsupported' || code === INVALID_ARGUMENT || code === UNIMPLEMENTED) return error;
  if (!(error instanceof TimedOut) && type === undefined && code === undefined && !isDiscovery(message)) return error;
  return new Unavailable('event-store.unavailable', `The event store cannot be used now: ${message}`, {
    cause: error,
  });
}

/**
 * Does this say that the connection should not be used any more? What the server itself answered does not: that it gave
 * the append up, or a word that the client does not know, but for one of those: that it is not the leader any more.
 */
export function isLost(problem: unknown): boolean {
  if (!(problem instanceof Unavailable) || problem.code !== 'event-store.unavailable') return false;
  const { type, code } = (problem.cause ?? {}) as ClientError;
  if (type === 'unknown') return code === FAILED_PRECONDITION;
  return type !== 'timeout' && !(type === 'deadline-exceeded' && code === undefined);
}

/** Errors of finding a node of a cluster have neither type nor status. */
const isDiscovery = (message: string): boolean => message.startsWith('Failed to discover');

/**
 * The revisions that the server found where it refused an append for a condition, by its names; undefined for any other
 * error. A stream that was deleted there has none any more, as one that never was.
 * @param only the stream of an append to one
 */
export function actualRevisions(error: unknown, only: string): ReadonlyMap<string, number> | undefined {
  interface Conflicting {
    readonly type?: unknown;
    readonly actualState?: unknown;
    readonly violations?: readonly { readonly streamName: string; readonly actualState: unknown }[];
  }
  const { type, actualState, violations = [] } = error as Conflicting;
  if (type === 'append-consistency-violation')
    return new Map(violations.map((each) => [each.streamName, revisionFrom(each.actualState)]));
  if (type !== 'wrong-expected-version') return undefined;
  return new Map(actualState === undefined ? [] : [[only, revisionFrom(actualState)]]);
}

const revisionFrom = (state: unknown): number =>
  typeof state === 'bigint' && state >= 0n ? Number(state) : NO_STREAM_REVISION;
