import type { ErrorField } from '#libs/kernel/src/errors.js';

/** A refusal that is about HTTP itself (media type, host, size) and that no domain error stands for. */
export class HttpProblem extends Error {
  readonly fields: readonly ErrorField[];

  constructor(
    readonly status: number,
    /** Stable, dotted, lower case: `request.media-type`. */
    readonly code: string,
    message: string,
    fields: readonly ErrorField[] = [],
  ) {
    super(message);
    this.name = 'HttpProblem';
    this.fields = fields;
  }
}
