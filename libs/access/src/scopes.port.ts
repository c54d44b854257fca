import type { ScopeKind } from '#libs/http/src/access.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';

/** Where something belongs. */
export interface Scope {
  /** Where it may be read: of what belongs to a patient, every site that has to do with the patient. */
  readonly sites: readonly Id[];
  /** Where it may be changed: of a course, the sites where it is carried out. */
  readonly own: readonly Id[];
  /** Whose record it is in; null where it is in nobody's. */
  readonly patient: Id | null;
}

/** Says where things belong; the libraries that keep them know. */
export interface Scopes {
  /** @returns undefined for what does not exist */
  of(chain: Chain, kind: ScopeKind, reference: string): Promise<Scope | undefined>;
  /** Waits until what is recorded now is known to `of`. */
  atHead(chain: Chain): Promise<void>;
}
