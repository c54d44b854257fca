import type { FastifyRequest } from 'fastify';
import type { Chain } from '#libs/event-store/src/chains.js';
import { placesOf, type NamedScope, scopeAt } from '#libs/http/src/access.js';
import { PURPOSE, type Disclosure, type Reads } from '#libs/http/src/disclosure.js';
import type { Principal } from '#libs/http/src/principal.js';
import { Invalid } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { ReadRecorder } from './read-recorder.js';

/** Whose record something is in; undefined where it is in nobody's, or there is no such thing. */
export type PatientOf = (chain: Chain, named: NamedScope) => Promise<Id | undefined>;

/** Whoever follows a link of a message has proved that it is theirs, and nothing else. */
const UNNAMED = 'patient:unnamed';

/** Puts on record what the HTTP edge answers. */
export class RecordedReads implements Reads {
  constructor(
    private readonly recorder: Pick<ReadRecorder, 'record'>,
    private readonly patientOf: PatientOf,
  ) {}

  async record(request: FastifyRequest, { operation, kind, at, patients, alsoNamed }: Disclosure): Promise<void> {
    const { chain, principal, correlationId } = request.pistor;
    const isNamed = patients !== null && (alsoNamed || patients.size === 0);
    const addressed = isNamed ? await this.named(request, at) : [];
    const all = patients && new Set([...patients, ...addressed]);
    await this.recorder.record(chain, {
      principal: principal?.id ?? UNNAMED,
      session: principal?.sessionId ?? null,
      ...{ purpose: purposeOf(request, principal, all), operation, kind, correlationId },
      patients: all && [...all],
    });
  }

  /** An answer that names nobody may be about the patient, or something of the patient's, that its address names. */
  private async named(request: FastifyRequest, at: Disclosure['at']): Promise<Id[]> {
    const scopes = placesOf(at).flatMap((place) => scopeAt(request, place) ?? []);
    const found = await Promise.all(
      scopes
        .filter(({ kind }) => kind !== 'site' && kind !== 'lot')
        .map((each) => this.patientOf(request.pistor.chain, each)),
    );
    return [...new Set(found.flatMap((id) => id ?? []))];
  }
}

/** As they say by `Pistor-Purpose`, else what it is by who they are. */
function purposeOf(
  request: FastifyRequest,
  principal: Principal | undefined,
  patients: ReadonlySet<Id> | null,
): string {
  const said = request.headers['pistor-purpose'];
  if (said !== undefined) {
    if (typeof said === 'string' && PURPOSE.test(said)) return said;
    throw new Invalid('purpose.malformed', 'Say the purpose in one word, such as treatment or audit.', {
      fields: [{ field: 'Pistor-Purpose', message: 'Small letters and hyphens, 40 at the most.', rule: 'schema' }],
    });
  }
  if (!principal || principal.kind === 'patient') return 'own-record';
  if (principal.kind === 'machine') return 'integration';
  const opened = principal.openedPatients ?? [];
  if (patients !== null && opened.some((id) => patients.has(id))) return 'emergency';
  return principal.grants.every(({ role }) => role === 'auditor') ? 'audit' : 'treatment';
}
