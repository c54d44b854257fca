import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf, queryInteger, queryList, queryOf } from '#libs/http/src/validation.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { FACTS } from '#libs/protocols/src/facts.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { z } from 'zod';
import type { ProtocolDraftSummary, ProtocolDraftView, ProtocolVersionView } from '../protocol/protocol.contract.js';
import { DraftUnknown, ProtocolUnknown } from '../protocol/protocol.errors.js';
import type { FactView, ProtocolSummary } from './directory.contract.js';
import { DIRECTORY } from './directory.projection.js';

export const protocolsParamsSchema = listQueryOf({});
export type ProtocolsParams = z.output<typeof protocolsParamsSchema>;

export const protocolParamsSchema = queryOf({ version: queryInteger(1, 1_000_000).optional() });
export type ProtocolParams = z.output<typeof protocolParamsSchema>;

const DRAFT_STATES = ['open', 'published', 'discarded'] as const;
export const draftsParamsSchema = listQueryOf({ state: queryList(DRAFT_STATES).optional() });
export type DraftsParams = z.output<typeof draftsParamsSchema>;

export const draftParamsSchema = queryOf({});

const SCHEMA = `"${schemaOf(DIRECTORY)}"`;

interface VersionRow {
  readonly protocol: Protocol;
  readonly published_at: string;
  readonly retired_at: string | null;
  /** Of the stream of all its versions. */
  readonly stream_revision: number;
}

const VERSION_COLUMNS = `protocol, published_at, retired_at, (
  select max(greatest(all_of_it.revision, coalesce(all_of_it.retired_revision, -1)))
  from ${SCHEMA}.protocol all_of_it where all_of_it.chain = p.chain and all_of_it.code = p.code
) as stream_revision`;

const DRAFT_COLUMNS = `id, code, state, based_on as "basedOn", version, changed_at as "changedAt", revision`;

const fateOf = ({ published_at, retired_at }: VersionRow) => ({
  state: retired_at === null ? ('published' as const) : ('retired' as const),
  publishedAt: published_at,
  retiredAt: retired_at,
});

/** The protocols that a chain works by, and the published facts they rest on. */
export class ProtocolsQuery {
  static readonly reads = [DIRECTORY.name] as const;

  constructor(private readonly db: Database) {}

  /** Every published version, retired ones included, in the order of codes and versions. @throws Invalid `cursor.malformed` */
  async list(chain: Chain, params: ProtocolsParams): Promise<{ items: ProtocolSummary[]; next: string | null }> {
    const after = params.cursor === undefined ? [null, null] : decodeCursor(params.cursor, 2);
    const { rows } = await this.db.query<VersionRow>(
      `select ${VERSION_COLUMNS} from ${SCHEMA}.protocol p
       where chain = $1 and ($3::text is null or (code, version) > ($3, $4::integer))
       order by code, version limit $2`,
      [chain.no, params.limit + 1, ...after],
    );
    const page = pageOf(rows, params.limit, ({ protocol }) => [protocol.code, protocol.version]);
    const items = page.items.map((row) => ({
      code: row.protocol.code,
      version: row.protocol.version,
      title: row.protocol.title,
      ...fateOf(row),
      facts: [...factsIn(row.protocol)].sort(),
    }));
    return { items, next: page.next };
  }

  /**
   * A protocol, whole; unless one is asked for, the version that new courses are planned with, or the newest where all
   * are retired.
   * @throws NotFound `protocol.unknown`
   */
  async detail(chain: Chain, code: string, params: Pick<ProtocolParams, 'version'> = {}): Promise<Protocol> {
    return (await this.row(chain, code, params.version)).protocol;
  }

  /** One version and what became of it. @throws NotFound `protocol.unknown` */
  async version(chain: Chain, code: string, version: number): Promise<ProtocolVersionView> {
    const row = await this.row(chain, code, version);
    return { code, version, ...fateOf(row), protocol: row.protocol, revision: row.stream_revision };
  }

  /** In the order in which they were begun. @throws Invalid `cursor.malformed` */
  async drafts(chain: Chain, params: DraftsParams): Promise<{ items: ProtocolDraftSummary[]; next: string | null }> {
    const after = params.cursor === undefined ? null : decodeCursor(params.cursor, 1)[0];
    const { rows } = await this.db.query<ProtocolDraftSummary>(
      `select ${DRAFT_COLUMNS} from ${SCHEMA}.protocol_draft
       where chain = $1 and state = any($3::text[]) and ($4::uuid is null or id > $4)
       order by id limit $2`,
      [chain.no, params.limit + 1, params.state ?? ['open'], after],
    );
    return pageOf(rows, params.limit, ({ id }) => [id]);
  }

  /** A draft as it was given, whatever became of it. @throws NotFound `protocol-draft.unknown` */
  async draft(chain: Chain, draftId: string): Promise<ProtocolDraftView> {
    const { rows } = await this.db.query<ProtocolDraftView>(
      `select ${DRAFT_COLUMNS}, draft from ${SCHEMA}.protocol_draft where chain = $1 and id::text = $2`,
      [chain.no, draftId],
    );
    const [row] = rows;
    if (row) return row;
    throw new DraftUnknown();
  }

  private async row(chain: Chain, code: string, version: number | undefined): Promise<VersionRow> {
    const { rows } = await this.db.query<VersionRow>(
      `select ${VERSION_COLUMNS} from ${SCHEMA}.protocol p
       where chain = $1 and code = $2 and ($3::integer is null or version = $3)
       order by (retired_at is null) desc, version desc limit 1`,
      [chain.no, code, version ?? null],
    );
    const [row] = rows;
    if (row) return row;
    throw new ProtocolUnknown(code, version);
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
