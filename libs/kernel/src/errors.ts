/**
 * What went wrong, told without any word of transport: edges (HTTP, CLI) map `kind` and `code` to their own terms in
 * one place.
 */
export type ErrorKind =
  /** The request cannot be understood: a field is missing, unknown or malformed. */
  | 'invalid'
  /** The request is understood and a rule of the domain refuses it. */
  | 'refused'
  /** What the request names does not exist. */
  | 'not-found'
  /** Somebody else was faster, or the same identity already holds something else. */
  | 'conflict'
  /** The caller's view of a resource is stale (If-Match). */
  | 'stale'
  /** A resource the answer needs (database, disk, queue) cannot be reached now. The request may be repeated. */
  | 'unavailable'
  /** More is asked than can be taken now. The request may be repeated later. */
  | 'overloaded';

/** One place in the request that must be mended, with the rule that was broken and the published facts it rests on. */
export interface ErrorField {
  /** JSON-path-like name of the field, for example `sessions.0.depthMm`; empty for the request as a whole. */
  readonly field: string;
  /** What to mend, as one sentence. */
  readonly message: string;
  /** Stable code of the rule, for example `session.interval`. */
  readonly rule?: string;
  /** Ids of the published facts (docs/facts) the rule rests on, for example `S1-N1`. */
  readonly facts?: readonly string[];
  /** The value that was seen. Never personal data. */
  readonly seen?: unknown;
  /** What would be accepted instead, as a phrase: `1 to 4 mm`, `2026-03-01 or later`. */
  readonly accepted?: string;
  /** Who may let it pass all the same, with a written reason; left out where nobody may. */
  readonly override?: 'anyone' | 'physician';
}

export interface ErrorDetails {
  readonly fields?: readonly ErrorField[];
  /** Values a program may want: what was seen, what would be accepted. Never personal data. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Base of every error that is meant for a caller. Anything else that is thrown is a programmer's error. */
export class PistorError extends Error {
  readonly fields: readonly ErrorField[];
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    readonly kind: ErrorKind,
    /** Stable, dotted, lower case: `session.too-early`. Clients may branch on it. */
    readonly code: string,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.fields = details.fields ?? [];
    this.data = details.data ?? {};
  }
}

export class Invalid extends PistorError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('invalid', code, message, details);
  }
}

/** A rule of the domain says no. */
export class Refused extends PistorError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('refused', code, message, details);
  }
}

export class NotFound extends PistorError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('not-found', code, message, details);
  }
}

export class Conflict extends PistorError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('conflict', code, message, details);
  }
}

export class Unavailable extends PistorError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('unavailable', code, message, details);
  }
}

export class Overloaded extends PistorError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super('overloaded', code, message, details);
  }
}
