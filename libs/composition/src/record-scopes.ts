import type { Scopes } from '#libs/access/src/scopes.port.js';
import { USERS } from '#libs/access/src/user/users/users.projection.js';
import { scopeOfOpening } from '#libs/access/src/user/users/users.query.js';
import { References } from '#libs/cqrs/src/references.js';
import type { Engine } from '#libs/engine/src/engine.js';
import type { Projections } from '#libs/projections/src/projections.js';
import { PATIENT_SITES, RecordScopesQuery } from '#libs/treatment/src/patient/patient-sites/patient-sites.contract.js';

/** A read model is milliseconds behind; one that is not back in this time has stopped. */
const AT_HEAD_MS_MAX = 5_000;

/** Where the parts of the record belong, for whoever decides who may see them. */
export function recordScopes(
  { db, store, codes }: Pick<Engine, 'db' | 'store' | 'codes'>,
  projections: () => Projections,
): Scopes {
  const query = new RecordScopesQuery(db, store, new References(codes));
  return {
    of: (chain, kind, reference) =>
      kind === 'opening' ? scopeOfOpening(db, chain, reference) : query.of(chain, kind, reference),
    atHead: async (chain) => {
      const head = await store.head(chain.id);
      const waitFor = (name: string) => projections().waitFor(name, chain, head, AT_HEAD_MS_MAX);
      await Promise.all([PATIENT_SITES.name, USERS.name].map(waitFor));
    },
  };
}
