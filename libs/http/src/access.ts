import type { FastifyRequest } from 'fastify';
import type { Reading } from '#libs/database/src/reader.database.js';
import type { Permission, Principal } from './principal.js';

/** What an address or a body can name that belongs to a site or to a patient. */
export const SCOPE_KINDS = [
  'site',
  'patient',
  'course',
  'consultation',
  'adverseEvent',
  'lot',
  'message',
  'task',
  'slot',
  'opening',
] as const;
export type ScopeKind = (typeof SCOPE_KINDS)[number];

/**
 * Where a request names it: `path.patient`, `body.site`, and `body.data.site` of an entry that is said anew; with `?` it is
 * looked at where it is given.
 */
export type Place = `${'path' | 'query' | 'body' | 'body.data'}.${ScopeKind}${'' | '?'}`;

/**
 * Where the permission has to be held.
 * - `public`: nobody needs to be signed in; the handler proves by itself what it has to.
 * - `signed-in`: whoever is signed in; it is about nobody but themselves.
 * - `anywhere`: at any site; for what all sites share and no patient stands in.
 * - `chain`: at all sites; for what shows or changes something of every site.
 * - `query.site`: a list, limited to that site. Who holds it at one site only need not say which; who holds it at
 *   several has to.
 * - places: at a site of each thing that they name.
 */
export type At = 'public' | 'signed-in' | 'anywhere' | 'chain' | Place | readonly Place[];

/** What of an answer only some of its callers see. */
export interface Hides {
  /** At the top of the answer; each may be null by its schema. */
  readonly fields: readonly string[];
  readonly unless: Permission;
}

/** What an endpoint asks of its caller. */
export interface AccessNeed {
  readonly may: Permission | 'public' | 'signed-in';
  readonly at: At;
  /** Fields of the body that only somebody with `record.decide` may fill: a physician's override or order. */
  readonly decides?: readonly string[];
  readonly hides?: Hides;
}

/** A list that is limited to a site by its query. */
export const isFilter = (at: At): at is 'query.site' => at === 'query.site';

export const placesOf = (at: At): readonly Place[] =>
  typeof at === 'object' ? at : at.includes('.') ? [at as Place] : [];

export interface NamedScope {
  readonly kind: ScopeKind;
  readonly reference: string;
  /** Name of the field, for the answer. */
  readonly field: string;
}

/** What a place of a request names. Undefined where it names nothing; the schema of the route has its say then. */
export function scopeAt(request: FastifyRequest, place: Place): NamedScope | undefined {
  const [where, ...path] = place.replace('?', '').split('.') as ['path' | 'query' | 'body', ...string[]];
  const from: unknown = { path: request.params, query: request.query, body: request.body }[where];
  const reference = path.reduce(ownValue, from);
  const [kind, field] = [path.at(-1) as ScopeKind, path.join('.')];
  return typeof reference === 'string' && reference !== '' ? { kind, reference, field } : undefined;
}

const ownValue = (from: unknown, key: string): unknown =>
  typeof from === 'object' && from !== null && Object.hasOwn(from, key)
    ? (from as Record<string, unknown>)[key]
    : undefined;

/** Who asks, and whether they may: implemented by libs/access. */
export interface Access {
  /**
   * Who asks; undefined where nobody is signed in.
   * @throws HttpProblem 401 for a key or session that is not valid (any more)
   */
  principalOf(request: FastifyRequest): Promise<Principal | undefined>;
  /**
   * Lets the request pass, with the site of a list filled in where only one comes into question.
   * @param changes whether the endpoint changes something
   * @throws HttpProblem 403 `access.denied`, `access.site-needed`; NotFound for what the caller may not know of
   */
  admit(request: FastifyRequest, principal: Principal, need: AccessNeed, changes: boolean): Promise<void>;
  /**
   * Asks again, for an answer that goes on, whether who began it may still have it. It is no sign that somebody is there:
   * a session that nothing else is asked of runs out all the same.
   * @returns who they are now
   * @throws HttpProblem 401, 403; NotFound for what they may not know of any more
   */
  admitAgain(request: FastifyRequest, need: AccessNeed): Promise<Principal>;
  /** Whether the caller holds another permission where the request is about; decides nothing about the request. */
  holds(request: FastifyRequest, principal: Principal, need: AccessNeed): Promise<boolean>;
  /** What the database shows of the read models while a question of this caller is answered. */
  readingOf(principal: Principal, need: AccessNeed): Reading;
}
