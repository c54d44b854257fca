import { PistorError } from '#libs/kernel/src/errors.js';

/** A database that is gone, or a race that was lost many times, says nothing about the message: it is tried again. */
export const isOfTheMoment = (error: unknown): boolean =>
  error instanceof PistorError && error.kind !== 'invalid' && error.kind !== 'refused';
