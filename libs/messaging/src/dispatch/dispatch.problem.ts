import { PistorError, Unavailable } from '#libs/kernel/src/errors.js';
import type { Transport } from '../channel.contract.js';

/** As many calls as the provider takes are under way: others go first. */
export class ProviderBusy extends Unavailable {
  constructor(
    transport: Transport,
    /** It is worth asking again after so many milliseconds. */
    readonly waitMs: number,
  ) {
    super('provider.busy', `${transport} takes no more at present.`);
  }
}

/** A database that is gone, or a race that was lost many times, says nothing about the message: it is tried again. */
export const isOfTheMoment = (error: unknown): boolean =>
  error instanceof PistorError && error.kind !== 'invalid' && error.kind !== 'refused';
