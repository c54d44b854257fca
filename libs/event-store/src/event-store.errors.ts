import { Conflict, Invalid, Unavailable } from '#libs/kernel/src/errors.js';
import type { ExpectedRevision, StreamName } from './event-store.js';

/** The stream had another revision than the append expected. Nothing was appended. */
export class WrongExpectedRevision extends Conflict {
  constructor(
    readonly stream: StreamName,
    readonly expected: ExpectedRevision,
    /** -1: the stream does not exist. */
    readonly actual: number,
  ) {
    super('stream.wrong-revision', `${stream} is at revision ${actual}, not at ${expected}. Read it again.`, {
      data: { stream, expected, actual },
    });
  }
}

/** A stream that the decision was made from has moved on. Nothing was appended. */
export class GuardFailed extends Conflict {
  constructor(
    readonly stream: StreamName,
    readonly expected: number,
    readonly actual: number,
  ) {
    super('stream.guard-failed', `${stream} moved from revision ${expected} to ${actual} meanwhile. Decide again.`, {
      data: { stream, expected, actual },
    });
  }
}

export class MalformedStreamName extends Invalid {
  constructor(stream: string) {
    super(
      'stream.malformed-name',
      `A stream is named category-id, in at most 200 characters; got ${stream.slice(0, 80)}`,
    );
  }
}

export class EventTooLarge extends Invalid {
  constructor(type: string, bytes: number, bytesMax: number) {
    super('event.too-large', `${type} has ${bytes} bytes; an event may have ${bytesMax}.`, {
      data: { bytes, bytesMax },
    });
  }
}

/** Who did it, where and for which command stand in the header: far less than this, unless somebody makes it up. */
export class HeaderTooLarge extends Invalid {
  constructor(type: string, bytes: number, bytesMax: number) {
    super('event.header-too-large', `The header of ${type} has ${bytes} bytes; it may have ${bytesMax}.`, {
      data: { bytes, bytesMax },
    });
  }
}

/** The events of one append are together more than goes at once; nothing was appended. */
export class AppendTooLarge extends Invalid {
  constructor(
    /** Bytes are not counted to the end, and not every server tells its bound. */
    bound: { readonly events: number; readonly eventsMax: number } | { readonly bytesMax?: number | undefined },
    cause?: unknown,
  ) {
    const reason =
      'eventsMax' in bound
        ? `An append may have ${bound.eventsMax} events; this one has ${bound.events}.`
        : `The events of this append are together larger than ${bound.bytesMax === undefined ? 'the event store takes at once' : `the ${bound.bytesMax} bytes that an append may have`}.`;
    super('append.too-large', reason, { data: bound, cause });
  }
}

/** The data of an event does not fit the schema of its type; nothing was appended. */
export class EventDataInvalid extends Invalid {
  constructor(type: string, problem: string) {
    super('event.invalid', `The data of ${type} does not fit its schema: ${problem}`);
  }
}

/** A stored event cannot be read by this version: its type or version is unknown, or its data no longer parses. */
export class UnreadableEvent extends Invalid {
  constructor(what: string, reason: string, cause?: unknown) {
    super('event.unreadable', `${what} cannot be read: ${reason}`, { cause });
  }
}

/**
 * The database's clock shows a time well before the newest event was recorded. Nothing was appended: a time of
 * recording that is made up would be worse than none.
 */
export class ClockSetBack extends Unavailable {
  constructor(reason: string, cause: unknown) {
    super('clock.set-back', `The database refuses to record events: ${reason}. Set its clock right, then try again.`, {
      cause,
    });
  }
}
