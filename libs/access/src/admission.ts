import type { FastifyRequest } from 'fastify';
import type { Reading } from '#libs/database/src/reader.database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import {
  type AccessNeed,
  isFilter,
  type NamedScope,
  type Place,
  placesOf,
  scopeAt,
  type ScopeKind,
} from '#libs/http/src/access.js';
import { HttpProblem } from '#libs/http/src/http-problem.js';
import type { Grant, Permission, Principal } from '#libs/http/src/principal.js';
import { RequestInvalid } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { BY_BREAK_GLASS, ROLES_OF } from './roles.js';
import type { Scope, Scopes } from './scopes.port.js';

/** The grants by which somebody holds a permission, wherever. */
export function grantsFor(principal: Principal, permission: Permission): readonly Grant[] {
  const roles = ROLES_OF[permission];
  const scoped = principal.scopes?.includes(permission) ?? false;
  return principal.grants.filter(({ role }) => (role === 'integration' ? scoped : roles.includes(role)));
}

const everywhere = (grants: readonly Grant[]): boolean =>
  grants.some(({ role, site }) => role !== 'patient' && site === null);
/** The record of a patient is theirs, wherever it is: their grant is held at no site. */
const atSites = (grants: readonly Grant[]): Id[] => [
  ...new Set(grants.flatMap(({ role, site }) => (role === 'patient' || site === null ? [] : [site]))),
];
const isOwn = (grants: readonly Grant[], { patient }: Scope): boolean =>
  patient !== null && grants.some((grant) => grant.role === 'patient' && grant.patient === patient);

/**
 * Decides whether a request may pass. Nothing else in the system decides it for what comes in over HTTP.
 */
export class Admission {
  constructor(private readonly scopes: Scopes) {}

  /**
   * @param changes whether the endpoint changes something
   * @throws HttpProblem 403 `access.denied`, `access.site-needed`; NotFound for what the caller may not know of;
   *   RequestInvalid where a request does not name what it is about
   */
  async admit(request: FastifyRequest, principal: Principal, need: AccessNeed, changes: boolean): Promise<void> {
    if (need.may === 'public' || need.may === 'signed-in') return;
    await this.admitFor(request, principal, need.may, need, changes);
    const filled = need.decides ? filledFields(request, need.decides) : [];
    if (filled.length === 0) return;
    await this.admitFor(request, principal, 'record.decide', need, changes).catch((error: unknown) => {
      throw error instanceof HttpProblem || error instanceof NotFound ? physicianNeeded(filled) : error;
    });
  }

  /**
   * By the same grants that let a question pass. Roles at other sites that do not let somebody ask it show them nothing.
   * @returns `everything` for whoever holds the permission at all sites, and for what needs none
   */
  readingOf(principal: Principal, { may }: AccessNeed): Reading {
    if (may === 'public') return 'everything';
    const grants = may === 'signed-in' ? principal.grants : grantsFor(principal, may);
    if (everywhere(grants)) return 'everything';
    const own = grants.flatMap(({ role, patient }) => (role === 'patient' && patient !== undefined ? [patient] : []));
    const isOpening = may !== 'signed-in' && this.opensByBreakGlass(principal, may);
    return { sites: atSites(grants), patients: [...own, ...(isOpening ? (principal.openedPatients ?? []) : [])] };
  }

  private async admitFor(
    request: FastifyRequest,
    principal: Principal,
    permission: Permission,
    { at }: AccessNeed,
    changes: boolean,
  ): Promise<void> {
    const grants = grantsFor(principal, permission);
    if (grants.length === 0) throw denied();
    // Whoever holds it at all sites need not be asked where: what does not exist is told by whoever looks for it.
    if (everywhere(grants)) return;
    if (at === 'chain') throw denied();
    if (at === 'anywhere') {
      if (atSites(grants).length === 0) throw denied();
      return;
    }
    if (isFilter(at)) return this.limitToSite(request, grants);
    await this.admitAt(request, principal, permission, grants, placesOf(at), changes);
  }

  /** A list shows one site. Where only one comes into question it need not be named. */
  private async limitToSite(request: FastifyRequest, grants: readonly Grant[]): Promise<void> {
    const sites = atSites(grants);
    const named = scopeAt(request, 'query.site');
    if (named) {
      const scope = await this.scopes.of(request.pistor.chain, 'site', named.reference);
      if (!scope || !sites.some((site) => scope.own.includes(site))) throw denied();
      return;
    }
    if (sites.length === 0) throw denied();
    if (Object.hasOwn(request.query as object, 'site')) {
      throw new RequestInvalid([{ field: 'site', message: 'Name one site.', rule: 'schema' }]);
    }
    if (sites.length > 1) {
      throw new HttpProblem(403, 'access.site-needed', 'Say which of your sites the list is about.', [
        { field: 'site', message: `One of ${sites.slice(0, SITES_SHOWN_MAX).join(', ')}.`, rule: 'access.site' },
      ]);
    }
    Object.assign(request.query as object, { site: sites[0] });
  }

  private async admitAt(
    request: FastifyRequest,
    principal: Principal,
    permission: Permission,
    grants: readonly Grant[],
    places: readonly Place[],
    changes: boolean,
  ): Promise<void> {
    const named = places.flatMap((place) => {
      const scope = scopeAt(request, place);
      if (scope) return [scope];
      if (place.endsWith('?')) return [];
      const field = place.split('.').at(-1) as string;
      throw new RequestInvalid([{ field, message: 'Say what it is about.', rule: 'schema' }]);
    });
    if (named.length === 0) {
      // Nothing says where: a single site is meant, and written down with what is recorded.
      const sites = atSites(grants);
      if (sites.length === 0) throw denied();
      if (sites.length > 1 && changes) throw siteNeeded();
      if (changes) fillInSite(request, places, sites[0] as Id);
      return;
    }
    let isByGlass = false;
    for (const each of named)
      isByGlass = (await this.admitOne(request, principal, permission, grants, each, changes)) || isByGlass;
    // What is open in an emergency is not moved to where it would stay open.
    if (isByGlass && places.some((place) => place === ENTRY_SITE && scopeAt(request, place))) throw denied();
  }

  /** @returns whether the glass had to be broken for it */
  private async admitOne(
    request: FastifyRequest,
    principal: Principal,
    permission: Permission,
    grants: readonly Grant[],
    { kind, reference }: NamedScope,
    changes: boolean,
  ): Promise<boolean> {
    const { chain } = request.pistor;
    const sites = atSites(grants);
    const isHeld = (scope: Scope): boolean =>
      (changes ? scope.own : scope.sites).some((site) => sites.includes(site)) || isOwn(grants, scope);
    const may = (scope: Scope): boolean => isHeld(scope) || this.isOpened(principal, permission, scope);
    const scope = await this.scopeOf(chain, kind, reference, may);
    if (scope && may(scope)) return !isHeld(scope);
    // Of a site everybody may know that it is there; of anything else only who may read it.
    if (kind === 'site' || (scope && this.mayKnow(principal, kind, scope))) throw denied();
    throw unknown(kind);
  }

  /** Read models come after the log: before something is refused, it is looked at as it is now. */
  private async scopeOf(
    chain: Chain,
    kind: ScopeKind,
    reference: string,
    may: (scope: Scope) => boolean,
  ): Promise<Scope | undefined> {
    const scope = await this.scopes.of(chain, kind, reference);
    if ((scope && may(scope)) || kind === 'site') return scope;
    await this.scopes.atHead(chain);
    return this.scopes.of(chain, kind, reference);
  }

  private mayKnow(principal: Principal, kind: ScopeKind, scope: Scope): boolean {
    const grants = grantsFor(principal, READS[kind]);
    const sites = atSites(grants);
    return (
      everywhere(grants) ||
      scope.sites.some((site) => sites.includes(site)) ||
      isOwn(grants, scope) ||
      this.isOpened(principal, READS[kind], scope)
    );
  }

  /** Breaking the glass opens a patient, not a role: what somebody may do nowhere they may not do here. */
  private opensByBreakGlass(principal: Principal, permission: Permission): boolean {
    return (
      BY_BREAK_GLASS.has(permission) &&
      grantsFor(principal, permission).length > 0 &&
      Boolean(principal.openedPatients?.length)
    );
  }

  private isOpened(principal: Principal, permission: Permission, { patient }: Scope): boolean {
    if (patient === null || !this.opensByBreakGlass(principal, permission)) return false;
    return principal.openedPatients?.includes(patient) ?? false;
  }
}

/** Where an entry that is said anew took place. */
const ENTRY_SITE: Place = 'body.data.site?';

/** A caller has a handful of sites; a list of hundreds helps nobody. */
const SITES_SHOWN_MAX = 20;

/** By which permission somebody comes to know that a thing exists. */
const READS: Readonly<Record<ScopeKind, Permission>> = {
  site: 'chain.read',
  patient: 'patient.read',
  course: 'course.read',
  consultation: 'record.read',
  adverseEvent: 'record.read',
  lot: 'lot.read',
  message: 'message.read',
  task: 'task.read',
  slot: 'course.read',
  opening: 'break-glass.read',
};

const WORDS: Readonly<Record<ScopeKind, { code: string; noun: string }>> = {
  site: { code: 'site.unknown', noun: 'site' },
  patient: { code: 'patient.unknown', noun: 'patient' },
  course: { code: 'course.unknown', noun: 'course' },
  consultation: { code: 'consultation.unknown', noun: 'consultation' },
  adverseEvent: { code: 'adverse-event.unknown', noun: 'adverse event' },
  lot: { code: 'lot.unknown', noun: 'lot' },
  message: { code: 'message.unknown', noun: 'message' },
  task: { code: 'task.unknown', noun: 'task' },
  slot: { code: 'slot.unknown', noun: 'slot' },
  opening: { code: 'opening.unknown', noun: 'opening' },
};

const unknown = (kind: ScopeKind): NotFound => new NotFound(WORDS[kind].code, `There is no such ${WORDS[kind].noun}.`);

const denied = (): HttpProblem => new HttpProblem(403, 'access.denied', 'Your roles do not let you do this here.');

const siteNeeded = (): HttpProblem =>
  new HttpProblem(403, 'access.site-needed', 'You work at several sites: say at which this is.', [
    { field: 'site', message: 'One of your sites.', rule: 'access.site' },
  ]);

/** An optional `body.site` that was left out: whoever works at one site means that one. */
function fillInSite(request: FastifyRequest, places: readonly Place[], site: Id): void {
  if (!places.includes('body.site?') || typeof request.body !== 'object' || request.body === null) return;
  Object.assign(request.body, { site });
}

/** The named fields of the body that say something: a dot leads into an object, and `=` asks for what it says. */
function filledFields({ body }: FastifyRequest, fields: readonly string[]): string[] {
  return fields.flatMap((named) => {
    const [path, wanted] = named.split('=') as [string, string?];
    const value = path.split('.').reduce<unknown>((inner, key) => {
      const isObject = typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key);
      return isObject ? (inner as Record<string, unknown>)[key] : undefined;
    }, body);
    const isSaid = wanted === undefined ? value !== undefined && value !== null : value === wanted;
    return isSaid ? [path] : [];
  });
}

const physicianNeeded = (fields: readonly string[]): HttpProblem =>
  new HttpProblem(
    403,
    'access.physician-needed',
    'Only a physician who is signed in may decide this.',
    fields.map((field) => ({ field, message: 'A physician has to say this.', rule: 'access.physician' })),
  );
