import { boolArray, int4Array, jsonArray, textArray, uuidArray } from '#libs/database/src/binary-array.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant, LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Read, Statement } from '#libs/projections/src/combined.statement.js';
import type { SealedEvent } from '#libs/projections/src/projection.js';
import type { Correctness } from '#libs/event-store/src/correction.js';
import { foldName } from '../../lot/lot-name.js';
import { LOT_EVENTS, type LotEvent, type LotStreamEvent } from '../../lot/lot.events.js';
import { lotFold } from '../../lot/lot.state.js';
import { RECALL_EVENTS, type RecallEvent, type RecallStreamEvent } from '../../recall/recall.events.js';
import { noticeOn, recallFold, type RecallState } from '../../recall/recall.state.js';
import { recallOfLot } from '../../recall/recalled-lot.rules.js';
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
    -- When it was entered as it reads.
    recorded_at text collate "C" not null,
    gtin text,
    -- Microlitres; null where nobody counted.
    volume_ul bigint,
    wasted_ul bigint not null,
    primary key (chain, site_id, product, lot_number)
  );
  create index lot_id on lot (chain, lot_id);
  -- Recalls by the lot number as it is compared; few.
  create table recall (
    chain integer not null, id uuid not null, lot_key text collate "C" not null, state json not null,
    primary key (chain, id)
  );
  create index recall_key on recall (chain, lot_key);
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
    -- Who else did something in it, or ordered it.
    others uuid[] not null,
    -- After the expiry that is on record at its site.
    expired boolean not null,
    -- Somebody in it had no credential for the procedure on that day.
    unqualified boolean not null,
    -- Microlitres; null where nobody measured.
    volume_ul bigint,
    -- When the session was entered.
    recorded_at text collate "C" not null,
    -- It took more of the lot than the sessions before it in the log had left.
    overdrawn boolean not null default false,
    primary key (chain, session_id, n)
  );
  create index session_use_overdrawn on session_use (chain, course_id) where overdrawn;
  create index session_use_overdrawn_lot on session_use (chain, product, lot_number, site_id) where overdrawn;
  create index session_use_lot on session_use (chain, product, lot_number, site_id);
  create index session_use_unqualified on session_use (chain) where unqualified;
`;

interface LotRow {
  site_id: Id;
  product: string;
  lot_number: string;
  received_on: LocalDate;
  expires_on: LocalDate;
  recorded_at: Instant;
  gtin: string | null;
  counted: boolean;
}

interface RecallRow {
  state: StoredRecall;
}
type StoredRecall = Exclude<RecallState, { status: 'none' }>;

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
  ): Promise<{ touched: Id[]; grown: { product: string; ingredients: string[] }[]; recount: LotPlace[] }> {
    const recalled = await this.recordRecalls(tx, chain, page);
    const corrected = correctedReceipts(page);
    const entered = page.flatMap((event) => (event.type === 'LotReceived' ? [enteredReceipt(event)] : []));
    const receipts = [
      ...entered.filter(({ lotId }) => !corrected.has(lotId)),
      ...[...corrected.values()].filter((receipt) => receipt !== null),
    ];
    const before = await this.forget(tx, chain, [...corrected.keys()]);
    await this.insert(tx, chain, receipts);
    const wasted = await this.waste(tx, chain, page);
    if (receipts.length + before.length === 0) return { touched: recalled, grown: [], recount: wasted };
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
    const touched = [...recalled, ...used.rows.map(({ id }) => id)];
    return { touched, grown: [...grown, ...lost], recount: [...wasted, ...places] };
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
    const rows = receipts.map(({ lotId, siteId, product, lotNumber, ingredients, receivedOn, expiresOn, ...more }) => ({
      ...{ site_id: siteId, product, lot_number: lotNumber, lot_id: lotId, ingredients },
      ...{ received_on: receivedOn, expires_on: expiresOn, recorded_at: more.recordedAt, gtin: more.gtin ?? null },
      ...{ volume_ul: more.volumeMl === undefined ? null : microlitres(more.volumeMl), wasted_ul: 0 },
    }));
    await tx.query(
      `insert into lot (chain, site_id, product, lot_number, lot_id, ingredients, received_on, expires_on, recorded_at, gtin,
         volume_ul, wasted_ul)
       select $1, r.* from jsonb_to_recordset($2::jsonb) as r(site_id uuid, product text, lot_number text, lot_id uuid,
         ingredients text[], received_on date, expires_on date, recorded_at text, gtin text, volume_ul bigint,
         wasted_ul bigint)
       on conflict do nothing`,
      [chain.no, JSON.stringify(rows)],
    );
  }

  /** Keeps what was wasted of lots. @returns the lots of which more or less is left by it */
  private async waste(tx: Queryable, chain: Chain, page: readonly SealedEvent<TreatmentEvent>[]): Promise<LotPlace[]> {
    /** What was wasted in all where a correction says so, and what a page adds to that or to what stood before. */
    const wasted = new Map<Id, { readonly inAll: boolean; readonly ul: number }>();
    for (const event of page) {
      if (!isOfLot(event)) continue;
      const { lotId } = event.data;
      if (event.history) {
        const entries = event.history as readonly SealedEvent<LotEvent>[];
        const lot = entries.reduce(lotFold.evolve, lotFold.initial);
        wasted.set(lotId, { inAll: true, ul: lot.status === 'none' ? 0 : microlitres(lot.wastedMl) });
      } else if (event.type === 'LotWasted') {
        const { inAll, ul } = wasted.get(lotId) ?? { inAll: false, ul: 0 };
        wasted.set(lotId, { inAll, ul: ul + microlitres(event.data.volumeMl) });
      }
    }
    if (wasted.size === 0) return [];
    const { rows } = await tx.query<LotPlace>(
      `update lot l set wasted_ul = w.ul + case when w.in_all then 0 else l.wasted_ul end
       from unnest($2::uuid[], $3::boolean[], $4::bigint[]) as w(id, in_all, ul)
       where l.chain = $1 and l.lot_id = w.id returning l.site_id, l.product, l.lot_number`,
      [
        chain.no,
        uuidArray([...wasted.keys()]),
        boolArray([...wasted.values()].map(({ inAll }) => inAll)),
        [...wasted.values()].map(({ ul }) => ul),
      ],
    );
    return rows;
  }

  /** Keeps recalls. @returns the courses that used a lot of such a number */
  private async recordRecalls(
    tx: Queryable,
    chain: Chain,
    page: readonly SealedEvent<TreatmentEvent>[],
  ): Promise<Id[]> {
    const events = page.filter(isOfRecall);
    if (events.length === 0) return [];
    const ids = uuidArray([...new Set(events.map(({ data }) => data.recallId))]);
    const { rows } = await tx.query<{ id: Id; state: StoredRecall }>(
      'select id, state from recall where chain = $1 and id = any($2::uuid[])',
      [chain.no, ids],
    );
    const states = new Map<Id, RecallState>(rows.map(({ id, state }) => [id, state]));
    for (const event of events) {
      const { recallId } = event.data;
      const before = event.history ? recallFold.initial : (states.get(recallId) ?? recallFold.initial);
      const entries = (event.history ?? [event]) as readonly SealedEvent<RecallEvent>[];
      states.set(recallId, entries.reduce(recallFold.evolve, before));
    }
    const known = [...states.values()].flatMap((state) => (state.status === 'none' ? [] : [state]));
    await tx.query('delete from recall where chain = $1 and id = any($2::uuid[])', [chain.no, ids]);
    await tx.query(
      `insert into recall (chain, id, lot_key, state)
       select $1, * from unnest($2::uuid[], $3::text[], $4::json[])`,
      [
        chain.no,
        uuidArray(known.map(({ recallId }) => recallId)),
        textArray(known.map(({ lotNumber }) => foldName(lotNumber))),
        // Who was told is no matter of a course, and may be ten thousand.
        jsonArray(known.map((state) => JSON.stringify({ ...state, told: [] }))),
      ],
    );
    return this.coursesWithNumber(tx, chain, new Set(events.map(({ data }) => foldName(data.lotNumber))));
  }

  /** The courses that used a lot whose number reads so. Recalls are rare enough to look through the names of all lots. */
  private async coursesWithNumber(tx: Queryable, chain: Chain, keys: ReadonlySet<string>): Promise<Id[]> {
    const { rows: named } = await tx.query<{ product: string; lot_number: string }>(
      'select distinct product, lot_number from session_use where chain = $1',
      [chain.no],
    );
    const about = named.filter(({ lot_number }) => keys.has(foldName(lot_number)));
    const { rows } = await tx.query<{ id: Id }>(
      `select distinct u.course_id as id from session_use u
       join unnest($2::text[], $3::text[]) as l(product, lot_number)
         on l.product = u.product and l.lot_number = u.lot_number where u.chain = $1`,
      [chain.no, textArray(about.map((lot) => lot.product)), textArray(about.map((lot) => lot.lot_number))],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Counts anew what sessions used of lots, in the order in which they were entered: whoever takes more than is left then,
   * has overdrawn it. It is the rule by which such a session is refused (`volumes`).
   * @returns the courses in which a session has, or has no longer
   */
  async recount(tx: Queryable, chain: Chain, places: readonly LotPlace[]): Promise<Id[]> {
    if (places.length === 0) return [];
    const { rows } = await tx.query<{ id: Id }>(
      // What nobody counted cannot be overdrawn: a lot is used by many sessions, and each page would look at all of them.
      `with place as (
         select distinct * from unnest($2::uuid[], $3::text[], $4::text[]) as p(site_id, product, lot_number)
         where exists (
           select from lot l where l.chain = $1 and l.site_id = p.site_id and l.product = p.product
             and l.lot_number = p.lot_number and l.volume_ul is not null
         ) or exists (
           select from session_use u where u.chain = $1 and u.product = p.product and u.lot_number = p.lot_number
             and u.site_id = p.site_id and u.overdrawn
         )
       ),
       used as (
         select u.site_id, u.product, u.lot_number, u.session_id, min(u.recorded_at) as recorded_at, sum(u.volume_ul) as ul
         from place p join session_use u on u.chain = $1 and u.product = p.product and u.lot_number = p.lot_number
           and u.site_id = p.site_id
         where u.volume_ul is not null group by 1, 2, 3, 4
       ),
       judged as (
         select u.session_id, u.product, u.lot_number, sum(u.ul) over (
           partition by u.site_id, u.product, u.lot_number order by u.recorded_at, u.session_id) > l.volume_ul - l.wasted_ul as is_over
         from used u join lot l on l.chain = $1 and l.site_id = u.site_id and l.product = u.product
           and l.lot_number = u.lot_number
         where l.volume_ul is not null
       ),
       changed as (
         select u.session_id, u.n, u.course_id
         from place p join session_use u on u.chain = $1 and u.product = p.product and u.lot_number = p.lot_number
           and u.site_id = p.site_id
         left join judged j on j.session_id = u.session_id and j.product = u.product and j.lot_number = u.lot_number
         where u.overdrawn <> coalesce(j.is_over, false)
       )
       update session_use u set overdrawn = not u.overdrawn from changed c
       where u.chain = $1 and u.session_id = c.session_id and u.n = c.n returning c.course_id as id`,
      [
        chain.no,
        uuidArray(places.map((place) => place.site_id)),
        textArray(places.map((place) => place.product)),
        textArray(places.map((place) => place.lot_number)),
      ],
    );
    return [...new Set(rows.map(({ id }) => id))];
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
  reads(
    chain: Chain,
    courses: readonly PlannedCourse[],
    sessions: readonly PerformedSession[],
  ): readonly [Read<LotRow>, Read<IngredientsRow>, Read<RecallRow>, Read<{ id: Id }>] {
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
        text: `select l.site_id, l.product, l.lot_number, l.received_on, l.expires_on, l.recorded_at, l.gtin,
                 l.volume_ul is not null as counted from lot l
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
      {
        text: 'select state from recall where chain = $1 and lot_key = any($2::text[])',
        values: [chain.no, [...new Set([...new Set(lots)].map(foldName))]],
      },
      {
        text: `select distinct session_id as id from session_use
               where chain = $1 and overdrawn and course_id = any($2::uuid[])`,
        values: [chain.no, uuidArray(courses.map(({ courseId }) => courseId))],
      },
    ];
  }

  used(
    receipts: readonly LotRow[],
    ofProducts: readonly IngredientsRow[],
    recallRows: readonly RecallRow[],
    overdrawnRows: readonly { readonly id: Id }[],
  ): Pick<CourseWorld, 'lotAt' | 'ingredientsOf' | 'isRecalledOn' | 'recallEnteredAt' | 'isOverdrawn'> {
    const recalls = recallRows.map(({ state }) => state);
    const overdrawn = new Set(overdrawnRows.map(({ id }) => id));
    const lots = new ByLot<ReceivedLot & { readonly gtin: string | null }>();
    for (const row of receipts) {
      const days = { receivedOn: row.received_on, expiresOn: row.expires_on, recordedAt: row.recorded_at };
      lots.set(row.site_id, row.product, row.lot_number, { ...days, gtin: row.gtin, isCounted: row.counted });
    }
    const ingredients = new Map(ofProducts.map((row) => [row.product, row.ingredients]));
    const noticeFor = (siteId: Id, product: string, lotNumber: string, on: LocalDate) => {
      if (recalls.length === 0) return undefined;
      const gtin = lots.get(siteId, product, lotNumber)?.gtin ?? null;
      return noticeOn(recallOfLot(recalls, { product, lotNumber, gtin }), on);
    };
    return {
      lotAt: (siteId, product, lotNumber) => lots.get(siteId, product, lotNumber),
      ingredientsOf: (product) => ingredients.get(product) ?? [],
      isRecalledOn: (...used) => noticeFor(...used) !== undefined,
      recallEnteredAt: (...used) => noticeFor(...used)?.recordedAt,
      isOverdrawn: (sessionId) => overdrawn.has(sessionId),
    };
  }

  /**
   * Before what sessions used is written anew: a correction may have left out a product, or the whole session.
   * @returns the lots that they used
   */
  async forgetUse(tx: Queryable, chain: Chain, sessionIds: readonly Id[]): Promise<FormerUse[]> {
    if (sessionIds.length === 0) return [];
    const { rows } = await tx.query<FormerUse>(
      `delete from session_use where chain = $1 and session_id = any($2::uuid[])
       returning site_id, product, lot_number, course_id, overdrawn`,
      [chain.no, uuidArray(sessionIds)],
    );
    return rows;
  }

  /** The lots that somebody counted and of which sessions of courses used a measured volume. */
  *countedIn(judged: Iterable<{ course: PlannedCourse; world: CourseWorld }>): Iterable<LotPlace> {
    for (const { course, world } of judged) {
      for (const session of course.sessions) {
        if (session.status !== 'performed') continue;
        for (const { product, lotNumber, volumeMl } of session.products) {
          if (volumeMl === undefined || !world.lotAt(session.siteId, product, lotNumber)?.isCounted) continue;
          yield { site_id: session.siteId, product, lot_number: lotNumber };
        }
      }
    }
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
      textArray(rows.map((row) => `{${row.others.join(',')}}`)),
      boolArray(rows.map((row) => row.expired)),
      boolArray(rows.map((row) => row.unqualified)),
      rows.map((row) => row.volume_ul),
      textArray(rows.map((row) => row.recorded_at)),
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

interface ReceiptEvent {
  readonly data: Extract<TreatmentEvent, { type: 'LotReceived' }>['data'];
  readonly recordedAt: Instant;
  readonly correctness?: Correctness;
}
/** A receipt as it reads, and when it was entered so. */
type Receipt = ReceiptEvent['data'] & { readonly recordedAt: Instant };

const enteredReceipt = ({ data, recordedAt, correctness }: ReceiptEvent): Receipt => ({
  ...data,
  recordedAt: correctness?.correctedBy.at(-1)?.recordedAt ?? recordedAt,
});

const LOT_TYPES: ReadonlySet<string> = new Set(LOT_EVENTS.map(({ type }) => type));
const isOfLot = (event: SealedEvent<TreatmentEvent>): event is SealedEvent<LotStreamEvent & TreatmentEvent> =>
  LOT_TYPES.has(event.type);
const RECALL_TYPES: ReadonlySet<string> = new Set(RECALL_EVENTS.map(({ type }) => type));
const isOfRecall = (event: SealedEvent<TreatmentEvent>): event is SealedEvent<RecallStreamEvent & TreatmentEvent> =>
  RECALL_TYPES.has(event.type);

/** Whole, so that sums are exact. */
const microlitres = (volumeMl: number): number => Math.round(volumeMl * 1_000);

/** What a session had used until it was said anew. */
export interface FormerUse extends LotPlace {
  readonly course_id: Id;
  readonly overdrawn: boolean;
}

/** A lot at a site. */
export interface LotPlace {
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
    corrected.set(data.lotId, received ? enteredReceipt(received) : null);
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
  const deviations = judgement.sessionDeviations[session.sessionId] ?? [];
  const unqualified = deviations.includes('credential') || deviations.includes('order');
  const others = othersIn(session);
  return session.products.map(({ product, lotNumber, volumeMl }, n) => {
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
      others,
      expired: lot !== undefined && on > lot.expiresOn,
      unqualified,
      volume_ul: volumeMl === undefined ? null : microlitres(volumeMl),
      recorded_at: session.recordedAt,
    };
  });
}

type UseRow = ReturnType<typeof useRows>[number];

/** Who did something in a session beside its practitioner, or ordered it; each once. */
export function othersIn({ practitionerId, orderedBy, steps }: PerformedSession): Id[] {
  if (orderedBy === undefined && steps === undefined) return [];
  const named = [...(orderedBy === undefined ? [] : [orderedBy]), ...(steps ?? []).map((step) => step.practitionerId)];
  return [...new Set(named)].filter((id) => id !== practitionerId);
}

/** What is in the table already is left as it is: a course is judged many times, its sessions seldom change. */
const UPSERT_USE = `
  insert into session_use as u
    (chain, session_id, n, product, lot_number, site_id, course_id, patient_id, practitioner_id, others, expired, unqualified,
     volume_ul, recorded_at)
  select $1, r.session_id, r.n, r.product, r.lot_number, r.site_id, r.course_id, r.patient_id, r.practitioner_id,
    r.others::uuid[], r.expired, r.unqualified, r.volume_ul, r.recorded_at
  from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::uuid[], $9::uuid[], $10::text[],
    $11::boolean[], $12::boolean[], $13::bigint[], $14::text[]) as r(session_id, n, product, lot_number, site_id, course_id,
    patient_id, practitioner_id, others, expired, unqualified, volume_ul, recorded_at)
  on conflict (chain, session_id, n) do update
    set expired = excluded.expired, unqualified = excluded.unqualified
    where (u.expired, u.unqualified) is distinct from (excluded.expired, excluded.unqualified)`;
