import type { FastifyRequest } from 'fastify';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Invalid } from '#libs/kernel/src/errors.js';
import { parseChainPosition } from '#libs/kernel/src/position.js';

/** The part of `Projections` (libs/projections) that is used here. */
export interface ReadModels {
  waitFor(name: string, chain: Chain, position: number, timeoutMs: number): Promise<void>;
  assertServing(name: string): Promise<void>;
}

/** Longer than any lag that is not trouble, shorter than the time-outs of callers and proxies. */
const WAIT_MS_MAX = 10_000;

/**
 * The position that a query asks to see: `?position=chain:n`, else the header `Pistor-Position`.
 * @throws Invalid `position.malformed`, `position.other-chain`
 */
export function wantedPosition(request: FastifyRequest, chain: () => Chain): number | undefined {
  const asked = (request.query as Record<string, unknown> | null)?.['position'] ?? request.headers['pistor-position'];
  // Given twice it is a list, which the schema of the query refuses by name.
  if (typeof asked !== 'string') return undefined;
  const { chain: id, position } = parseChainPosition(asked);
  if (id === chain().id) return position;
  throw new Invalid('position.other-chain', 'This position is of another chain.', {
    fields: [{ field: 'position', message: 'Use the Pistor-Position of an answer of this chain.' }],
  });
}

/**
 * Waits until the read models that a query looks at have come as far as the caller asks, so that everybody can read
 * their own writes.
 * @throws Unavailable `projection.behind` after ten seconds, `projection.parked` when what the caller wrote is set aside,
 * `projection.building` while a new version has no tables that could be read
 */
export async function waitForPosition(
  request: FastifyRequest,
  chain: () => Chain,
  readModels: ReadModels,
  names: readonly string[],
): Promise<void> {
  const position = wantedPosition(request, chain);
  await Promise.all(names.map((name) => readModels.assertServing(name)));
  if (position === undefined) return;
  await Promise.all(names.map((name) => readModels.waitFor(name, chain(), position, WAIT_MS_MAX)));
}
