import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { z } from 'zod';
import { COURSE_PROGRESS } from '../course/course-progress/course-progress.projection.js';
import type { LotUsage, LotView } from './directory.contract.js';
import { DIRECTORY } from './directory.projection.js';
import { type NamedSite, type People, siteIn, siteRef } from './people.js';

export const lotsParamsSchema = listQueryOf({
  site: z.string().min(1).max(200).optional().describe('Those that were received at this site.'),
});
export type LotsParams = z.output<typeof lotsParamsSchema>;

export const lotUsageParamsSchema = listQueryOf({});
export type LotUsageParams = z.output<typeof lotUsageParamsSchema>;

interface LotRow {
  id: Id;
  site_id: Id;
  product: string;
  lot_number: string;
  gtin: string | null;
  expires_on: LocalDate;
  received_on: LocalDate;
  ingredients: string[];
}

interface UsageRow {
  product: string;
  lot_number: string;
  sessions: number;
  patients: number;
  sites: Id[];
  expired: number;
}

/** Lots as they were received, and as they were used. */
export class LotsQuery {
  static readonly reads = [DIRECTORY.name, COURSE_PROGRESS.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly people: People,
  ) {}

  /** In the order of products and lot numbers. @throws Invalid `cursor.malformed`; NotFound `site.unknown` */
  async list(chain: Chain, params: LotsParams): Promise<{ items: LotView[]; next: string | null }> {
    const sites = await this.people.sites(chain);
    const siteId = params.site === undefined ? null : siteNamed([...sites.values()], params.site);
    const after = params.cursor === undefined ? [null, null, null] : decodeCursor(params.cursor, 3);
    const { rows } = await this.db.query<LotRow>(
      `select id, site_id, product, lot_number, gtin, expires_on, received_on, ingredients
       from "${schemaOf(DIRECTORY)}".lot
       where chain = $1 and ($3::text is null or (product, lot_number, id) > ($3, $4::text, $5::uuid))
         and ($6::uuid is null or site_id = $6)
       order by product, lot_number, id limit $2`,
      [chain.no, params.limit + 1, ...after, siteId],
    );
    const page = pageOf(rows, params.limit, (row) => [row.product, row.lot_number, row.id]);
    const items = page.items.map((row) => ({
      id: row.id,
      site: siteRef(siteIn(sites, row.site_id)),
      product: row.product,
      lotNumber: row.lot_number,
      gtin: row.gtin,
      expiresOn: row.expires_on,
      receivedOn: row.received_on,
      ingredients: row.ingredients,
    }));
    return { items, next: page.next };
  }

  /**
   * What each lot was used for, over performed sessions; lots that were never received are in it, lots that were never
   * used are not. In the order of products and lot numbers.
   * @throws Invalid `cursor.malformed`
   */
  async usage(chain: Chain, params: LotUsageParams): Promise<{ items: LotUsage[]; next: string | null }> {
    const after = params.cursor === undefined ? [null, null] : decodeCursor(params.cursor, 2);
    // A session that names a lot twice is one session.
    const { rows } = await this.db.query<UsageRow>(
      `select product, lot_number, count(distinct session_id)::integer as sessions,
              count(distinct patient_id)::integer as patients, array_agg(distinct site_id) as sites,
              (count(distinct session_id) filter (where expired))::integer as expired
       from "${schemaOf(COURSE_PROGRESS)}".session_use
       where chain = $1 and ($3::text is null or (product, lot_number) > ($3, $4::text))
       group by product, lot_number order by product, lot_number limit $2`,
      [chain.no, params.limit + 1, ...after],
    );
    const page = pageOf(rows, params.limit, (row) => [row.product, row.lot_number]);
    const sites = await this.people.sites(chain);
    const items = page.items.map((row) => ({
      product: row.product,
      lot: row.lot_number,
      sessions: row.sessions,
      patients: row.patients,
      sites: row.sites.map((id) => siteIn(sites, id).code ?? id).sort(),
      expired: row.expired,
    }));
    return { items, next: page.next };
  }
}

function siteNamed(sites: readonly NamedSite[], reference: string): Id {
  const site = sites.find(({ id, code }) => id === reference || code === reference);
  if (site) return site.id;
  throw new NotFound('site.unknown', `There is no site ${reference}.`, {
    fields: [{ field: 'site', message: 'Name a site that exists, by its id or its code.' }],
  });
}
