import { boolArray, int4Array, textArray, uuidArray } from '#libs/database/src/binary-array.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Read, Statement } from '#libs/projections/src/combined.statement.js';
import type { SealedEvent } from '#libs/projections/src/projection.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import { dateOfSession } from '../course-maintenance.js';
import type { PerformedSession, PlannedCourse } from '../course.state.js';
import type { CourseJudgement, CourseWorld, ReceivedLot } from './course-progress.rules.js';

export const LOT_DDL = `
  create table lot (
    chain integer not null,
    site_id uuid not null,
    product text not null,
    lot_number text not null,
    lot_id uuid not null,
    ingredients text[] not null,
    received_on date not null,
    expires_on date not null,
    primary key (chain, site_id, product, lot_number)
  );
  create table product_ingredient (
    chain integer not null, product text not null, ingredient text not null,
    primary key (chain, product, ingredient)
  );
  -- One row for each product of each performed session.
  create table session_use (
    chain integer not null,
    session_id uuid not null,
    -- Place in the session's list of products, from 0.
    n integer not null,
    product text collate "C" not null,
    lot_number text collate "C" not null,
    site_id uuid not null,
    course_id uuid not null,
    patient_id uuid not null,
    practitioner_id uuid not null,
    -- After the expiry that is on record at its site.
    expired boolean not null,
    -- The practitioner had no credential for the procedure on that day.
    unqualified boolean not null,
    primary key (chain, session_id, n)
  );
  create index session_use_lot on session_use (chain, product, lot_number, site_id);
  create index session_use_unqualified on session_use (chain, practitioner_id) where unqualified;
`;

interface LotRow {
  site_id: Id;
  product: string;
  lot_number: string;
  received_on: LocalDate;
  expires_on: LocalDate;
}

interface IngredientsRow {
  product: string;
  ingredients: string[];
}

/** Something for each lot at each site: by site, product and number of the lot. One key of all three would be longer to make. */
class ByLot<T> {
  private readonly sites = new Map<Id, Map<string, Map<string, T>>>();

  get(siteId: Id, product: string, lotNumber: string): T | undefined {
    return this.sites.get(siteId)?.get(product)?.get(lotNumber);
  }

  set(siteId: Id, product: string, lotNumber: string, value: T): void {
    let products = this.sites.get(siteId);
    if (!products) this.sites.set(siteId, (products = new Map()));
    let lots = products.get(product);
    if (!lots) products.set(product, (lots = new Map()));
    lots.set(lotNumber, value);
  }
}

/** Lots as they were received at sites, what is in the products, and which sessions used them. */
export class CourseLots {
  /**
   * Keeps the lots of a page. The first receipt of a lot at a site stands.
   * @returns the courses of earlier pages that used them, and the products whose ingredients are others, with those
   */
  async record(
    tx: Queryable,
    chain: Chain,
    page: readonly SealedEvent<TreatmentEvent>[],
  ): Promise<{ touched: Id[]; grown: { product: string; ingredients: string[] }[] }> {
    const corrected = correctedReceipts(page);
    const entered = page.flatMap((event) => (event.type === 'LotReceived' ? [event.data] : []));
    const receipts = [
      ...entered.filter(({ lotId }) => !corrected.has(lotId)),
      ...[...corrected.values()].filter((receipt) => receipt !== null),
    ];
    const before = await this.forget(tx, chain, [...corrected.keys()]);
    if (receipts.length + before.length === 0) return { touched: [], grown: [] };
    await this.insert(tx, chain, receipts);
    const places = [
      ...before,
      ...receipts.map(({ siteId, product, lotNumber }) => ({ site_id: siteId, product, lot_number: lotNumber })),
    ];
    const used = await tx.query<{ id: Id }>(
      `select distinct u.course_id as id from session_use u
       join unnest($2::uuid[], $3::text[], $4::text[]) as l(site_id, product, lot_number)
         on l.product = u.product and l.lot_number = u.lot_number and l.site_id = u.site_id
       where u.chain = $1`,
      [chain.no, places.map((l) => l.site_id), places.map((l) => l.product), places.map((l) => l.lot_number)],
    );
    const grown = await this.addIngredients(tx, chain, receipts);
    const lost = await this.dropIngredients(tx, chain, new Set(before.map(({ product }) => product)));
    return { touched: used.rows.map(({ id }) => id), grown: [...grown, ...lost] };
  }

  /** Takes receipts away that read otherwise now, or were taken back. @returns what they were found under */
  private async forget(tx: Queryable, chain: Chain, lotIds: readonly Id[]): Promise<LotPlace[]> {
    if (lotIds.length === 0) return [];
    const { rows } = await tx.query<LotPlace>(
      'delete from lot where chain = $1 and lot_id = any($2::uuid[]) returning site_id, product, lot_number',
      [chain.no, uuidArray(lotIds)],
    );
    return rows;
  }

  private async insert(tx: Queryable, chain: Chain, receipts: readonly Receipt[]): Promise<void> {
    if (receipts.length === 0) return;
    const rows = receipts.map(({ lotId, siteId, product, lotNumber, ingredients, receivedOn, expiresOn }) => ({
      ...{ site_id: siteId, product, lot_number: lotNumber, lot_id: lotId, ingredients },
      ...{ received_on: receivedOn, expires_on: expiresOn },
    }));
    await tx.query(
      `insert into lot (chain, site_id, product, lot_number, lot_id, ingredients, received_on, expires_on)
       select $1, r.* from jsonb_to_recordset($2::jsonb) as r(site_id uuid, product text, lot_number text, lot_id uuid,
         ingredients text[], received_on date, expires_on date) on conflict do nothing`,
      [chain.no, JSON.stringify(rows)],
    );
  }

  /** The courses in which a product was used, by patient. */
  async coursesThatUsed(tx: Queryable, chain: Chain, product: string): Promise<Map<Id, Id[]>> {
    const { rows } = await tx.query<{ patient_id: Id; courses: Id[] }>(
      `select patient_id, array_agg(distinct course_id) as courses from session_use
       where chain = $1 and product = $2 group by patient_id`,
      [chain.no, product],
    );
    return new Map(rows.map((row) => [row.patient_id, row.courses]));
  }

  /** Receipts and ingredients for everything that sessions used; `used` makes something of the rows. */
  reads(chain: Chain, sessions: readonly PerformedSession[]): readonly [Read<LotRow>, Read<IngredientsRow>] {
    const wanted = new ByLot<true>();
    const [sites, products, lots]: [Id[], string[], string[]] = [[], [], []];
    for (const { siteId, products: used } of sessions) {
      for (const { product, lotNumber } of used) {
        if (wanted.get(siteId, product, lotNumber)) continue;
        wanted.set(siteId, product, lotNumber, true);
        sites.push(siteId);
        products.push(product);
        lots.push(lotNumber);
      }
    }
    return [
      {
        text: `select l.site_id, l.product, l.lot_number, l.received_on, l.expires_on from lot l
               join unnest($2::uuid[], $3::text[], $4::text[]) as w(site_id, product, lot_number)
                 on w.site_id = l.site_id and w.product = l.product and w.lot_number = l.lot_number
               where l.chain = $1`,
        values: [chain.no, sites, products, lots],
      },
      {
        text: `select product, array_agg(ingredient) as ingredients from product_ingredient
               where chain = $1 and product = any($2::text[]) group by product`,
        values: [chain.no, [...new Set(products)]],
      },
    ];
  }

  used(
    receipts: readonly LotRow[],
    ofProducts: readonly IngredientsRow[],
  ): Pick<CourseWorld, 'lotAt' | 'ingredientsOf'> {
    const lots = new ByLot<ReceivedLot>();
    for (const row of receipts) {
      const lot = { receivedOn: row.received_on, expiresOn: row.expires_on };
      lots.set(row.site_id, row.product, row.lot_number, lot);
    }
    const ingredients = new Map(ofProducts.map((row) => [row.product, row.ingredients]));
    return {
      lotAt: (siteId, product, lotNumber) => lots.get(siteId, product, lotNumber),
      ingredientsOf: (product) => ingredients.get(product) ?? [],
    };
  }

  /** Before what sessions used is written anew: a correction may have left out a product, or the whole session. */
  async forgetUse(tx: Queryable, chain: Chain, sessionIds: readonly Id[]): Promise<void> {
    if (sessionIds.length === 0) return;
    await tx.query('delete from session_use where chain = $1 and session_id = any($2::uuid[])', [
      chain.no,
      uuidArray(sessionIds),
    ]);
  }

  /** The write of which products the sessions of courses used. */
  useOf(
    chain: Chain,
    judged: Iterable<{ course: PlannedCourse; judgement: CourseJudgement; world: CourseWorld }>,
  ): Statement[] {
    const rows: UseRow[] = [];
    for (const { course, judgement, world } of judged) {
      for (const session of course.sessions) {
        if (session.status === 'performed') rows.push(...useRows(course, session, judgement, world));
      }
    }
    if (rows.length === 0) return [];
    const values = [
      chain.no,
      uuidArray(rows.map((row) => row.session_id)),
      int4Array(rows.map((row) => row.n)),
      textArray(rows.map((row) => row.product)),
      textArray(rows.map((row) => row.lot_number)),
      uuidArray(rows.map((row) => row.site_id)),
      uuidArray(rows.map((row) => row.course_id)),
      uuidArray(rows.map((row) => row.patient_id)),
      uuidArray(rows.map((row) => row.practitioner_id)),
      boolArray(rows.map((row) => row.expired)),
      boolArray(rows.map((row) => row.unqualified)),
    ];
    return [{ text: UPSERT_USE, values }];
  }

  /** What is in no receipt of a product any more, now that one was corrected. */
  private async dropIngredients(
    tx: Queryable,
    chain: Chain,
    products: ReadonlySet<string>,
  ): Promise<{ product: string; ingredients: string[] }[]> {
    if (products.size === 0) return [];
    const { rows } = await tx.query<{ product: string; ingredient: string }>(
      `delete from product_ingredient p where p.chain = $1 and p.product = any($2::text[]) and not exists (
         select 1 from lot l where l.chain = p.chain and l.product = p.product and p.ingredient = any(l.ingredients))
       returning p.product, p.ingredient`,
      [chain.no, [...products]],
    );
    return byProduct(rows);
  }

  private async addIngredients(
    tx: Queryable,
    chain: Chain,
    lots: readonly { product: string; ingredients: readonly string[] }[],
  ): Promise<{ product: string; ingredients: string[] }[]> {
    const pairs = lots.flatMap(({ product, ingredients }) =>
      ingredients.map((ingredient) => ({ product, ingredient })),
    );
    const { rows } = await tx.query<{ product: string; ingredient: string }>(
      `insert into product_ingredient (chain, product, ingredient)
       select distinct $1::integer, * from unnest($2::text[], $3::text[]) on conflict do nothing
       returning product, ingredient`,
      [chain.no, pairs.map(({ product }) => product), pairs.map(({ ingredient }) => ingredient)],
    );
    return byProduct(rows);
  }
}

type Receipt = Extract<TreatmentEvent, { type: 'LotReceived' }>['data'];

interface LotPlace {
  readonly site_id: Id;
  readonly product: string;
  readonly lot_number: string;
}

/** Receipts that a page corrects, as they read after its last correction; null: taken back. */
function correctedReceipts(page: readonly SealedEvent<TreatmentEvent>[]): Map<Id, Receipt | null> {
  const corrected = new Map<Id, Receipt | null>();
  for (const { history, data } of page) {
    if (!history || !('lotId' in data)) continue;
    const received = (history as readonly SealedEvent<TreatmentEvent>[]).find(isReceipt);
    corrected.set(data.lotId, received?.data ?? null);
  }
  return corrected;
}

const isReceipt = (
  event: SealedEvent<TreatmentEvent>,
): event is SealedEvent<Extract<TreatmentEvent, { type: 'LotReceived' }>> => event.type === 'LotReceived';

function byProduct(rows: readonly { product: string; ingredient: string }[]) {
  return [...new Set(rows.map(({ product }) => product))].map((product) => ({
    product,
    ingredients: rows.filter((row) => row.product === product).map(({ ingredient }) => ingredient),
  }));
}

function useRows(course: PlannedCourse, session: PerformedSession, judgement: CourseJudgement, world: CourseWorld) {
  const on = dateOfSession(session);
  const unqualified = judgement.sessionDeviations[session.sessionId]?.includes('credential') ?? false;
  return session.products.map(({ product, lotNumber }, n) => {
    const lot = world.lotAt(session.siteId, product, lotNumber);
    return {
      session_id: session.sessionId,
      n,
      product,
      lot_number: lotNumber,
      site_id: session.siteId,
      course_id: course.courseId,
      patient_id: course.patientId,
      practitioner_id: session.practitionerId,
      expired: lot !== undefined && on > lot.expiresOn,
      unqualified,
    };
  });
}

type UseRow = ReturnType<typeof useRows>[number];

/** What is in the table already is left as it is: a course is judged many times, its sessions seldom change. */
const UPSERT_USE = `
  insert into session_use as u
    (chain, session_id, n, product, lot_number, site_id, course_id, patient_id, practitioner_id, expired, unqualified)
  select $1, r.* from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::uuid[], $9::uuid[],
    $10::boolean[], $11::boolean[]) as r
  on conflict (chain, session_id, n) do update
    set expired = excluded.expired, unqualified = excluded.unqualified
    where (u.expired, u.unqualified) is distinct from (excluded.expired, excluded.unqualified)`;
