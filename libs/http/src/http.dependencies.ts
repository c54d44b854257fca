import type { Log } from '#libs/kernel/src/log.js';
import type { Access } from './access.js';
import type { Reads } from './disclosure.js';
import type { IdempotencyKeys } from './idempotency.js';
import type { ReadModels } from './position.js';
import type { ChainContext } from './request-context.js';

/** What the edge needs of the rest. */
export interface HttpDependencies {
  readonly chains: ChainContext;
  readonly idempotency: Pick<IdempotencyKeys, 'reserve' | 'store' | 'release'>;
  /** `Projections` of libs/projections. */
  readonly readModels: ReadModels;
  readonly access: Access;
  readonly reads: Reads;
  readonly log: Log;
  /** Host under which patients and providers come in, where there is one. */
  readonly publicHost?: string | undefined;
  /** Whether that is by TLS, which the proxy before us speaks. */
  readonly publicIsSecure?: boolean | undefined;
  /** Whether everything is answered under it, and not only what proves by itself where it comes from. */
  readonly peopleSignIn?: boolean | undefined;
}

/** `@Inject(HTTP_DEPENDENCIES) deps: HttpDependencies` is what HttpModule was given. */
export const HTTP_DEPENDENCIES = Symbol('HTTP_DEPENDENCIES');
