import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { PistorError } from '#libs/kernel/src/errors.js';
import { type At, type Place, placesOf, SCOPE_KINDS } from './access.js';
import { type Disclosure, patientsIn, type Reads } from './disclosure.js';
import { accessOf } from './endpoint.metadata.js';

/**
 * What a rule says of what is asked is said by what is on record: `pregnancy` against a session is read from the
 * patient's health. What cannot be understood, or names nothing that there is, says nothing of anybody.
 */
const TELLS: ReadonlySet<unknown> = new Set(['refused', 'conflict', 'stale']);

/** A request may name a patient, or what is in somebody's record, elsewhere than where its permission is needed. */
const ANYWHERE: readonly Place[] = SCOPE_KINDS.flatMap((kind): Place[] => [`path.${kind}?`, `body.${kind}?`]);

const namedBy = (at: At): At => [...placesOf(at), ...ANYWHERE];

/**
 * Puts on record whose record a refusal tells of, before it leaves.
 * @returns what is thrown: the refusal
 * @throws Unavailable `reads.unrecorded`: then the refusal may not be told
 */
export async function recordRefusal(
  reads: Reads,
  context: ExecutionContext,
  operation: string,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof PistorError) || !TELLS.has(error.kind)) return error;
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const at = namedBy(accessOf(context.getHandler())?.at ?? 'public');
  const patients = patientsIn({ fields: error.fields, data: error.data });
  await reads.record(request, { operation, kind: 'read', at, patients, alsoNamed: true } satisfies Disclosure);
  return error;
}
