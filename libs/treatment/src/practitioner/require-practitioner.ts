import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { PractitionerUnknown } from './practitioner.errors.js';
import { practitionerStream } from './practitioner.events.js';
import { practitionerFold, type PractitionerState } from './practitioner.state.js';

/**
 * Loads a practitioner for a decision, who is thereby guarded.
 * @param field of the request that names the practitioner
 * @throws PractitionerUnknown
 */
export async function requirePractitioner(
  reads: Pick<Reads, 'load'>,
  practitionerId: Id,
  field?: string,
): Promise<Extract<PractitionerState, { status: 'registered' }>> {
  const { state } = await reads.load(practitionerStream(practitionerId), practitionerFold);
  if (state.status === 'none') throw new PractitionerUnknown(field);
  return state;
}
