import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf, queryInteger, queryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { FACTS } from '#libs/protocols/src/facts.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { z } from 'zod';
import type { FactView, ProtocolSummary } from './directory.contract.js';
import { DIRECTORY } from './directory.projection.js';

export const protocolsParamsSchema = listQueryOf({});
export type ProtocolsParams = z.output<typeof protocolsParamsSchema>;

export const protocolParamsSchema = queryOf({ version: queryInteger(1, 1_000_000).optional() });
export type ProtocolParams = z.output<typeof protocolParamsSchema>;

const SCHEMA = `"${schemaOf(DIRECTORY)}"`;

/** The protocols that a chain works by, and the published facts they rest on. */
export class ProtocolsQuery {
  static readonly reads = [DIRECTORY.name] as const;

  constructor(private readonly db: Database) {}

  /** Every published version, in the order of codes and versions. @throws Invalid `cursor.malformed` */
  async list(chain: Chain, params: ProtocolsParams): Promise<{ items: ProtocolSummary[]; next: string | null }> {
    const after = params.cursor === undefined ? [null, null] : decodeCursor(params.cursor, 2);
    const { rows } = await this.db.query<{ protocol: Protocol }>(
      `select protocol from ${SCHEMA}.protocol
       where chain = $1 and ($3::text is null or (code, version) > ($3, $4::integer))
       order by code, version limit $2`,
      [chain.no, params.limit + 1, ...after],
    );
    const page = pageOf(rows, params.limit, ({ protocol }) => [protocol.code, protocol.version]);
    const items = page.items.map(({ protocol }) => ({
      code: protocol.code,
      version: protocol.version,
      title: protocol.title,
      facts: [...factsIn(protocol)].sort(),
    }));
    return { items, next: page.next };
  }

  /**
   * A protocol, whole; its newest version unless one is asked for.
   * @throws NotFound `protocol.unknown`
   */
  async detail(chain: Chain, code: string, params: Pick<ProtocolParams, 'version'> = {}): Promise<Protocol> {
    const { rows } = await this.db.query<{ protocol: Protocol }>(
      `select protocol from ${SCHEMA}.protocol
       where chain = $1 and code = $2 and ($3::integer is null or version = $3)
       order by version desc limit 1`,
      [chain.no, code, params.version ?? null],
    );
    const [row] = rows;
    if (row) return row.protocol;
    const version = params.version === undefined ? '' : `version ${params.version} of `;
    throw new NotFound('protocol.unknown', `There is no ${version}protocol ${code}.`);
  }

  /** All published facts: they are part of the software, and the same for every chain. */
  facts(): FactView[] {
    return [...FACTS];
  }
}

/** The facts of every rule, however deep it stands. */
function factsIn(value: unknown): Set<string> {
  const found = new Set<string>();
  const visit = (each: unknown, name = ''): void => {
    if (name === 'facts' && Array.isArray(each)) for (const fact of each) found.add(String(fact));
    else if (typeof each === 'object' && each !== null)
      for (const [key, inner] of Object.entries(each)) visit(inner, key);
  };
  visit(value);
  return found;
}
