import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf, queryInteger, queryOf } from '#libs/http/src/validation.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { DIRECTORY } from '../../directory/directory.projection.js';
import { type NamedSite, type People, siteIn, siteRef } from '../../directory/people.js';
import { stockOf, totalMl } from '../../lot/lot.state.js';
import type { Person } from '../../shared.contract.js';
import { RecallUnknown } from '../recall.errors.js';
import type { Telling } from '../recall.events.js';
import type { NamedLot } from '../recalled-lot.rules.js';
import type { RecallState } from '../recall.state.js';
import { lotNames } from './lot-names.query.js';
import type { LotTrace, RecallView, TraceList } from './lot-trace.contract.js';
import { LOT_TRACE } from './lot-trace.projection.js';
import {
  FIRST_PAGES,
  type FirstPage,
  keysOf,
  pageSql,
  RECALL_SQL,
  RECALLS_SQL,
  traceSql,
  USE_SQL,
} from './lot-trace.sql.js';

/**
 * A first page is for looking at; whoever wants everything asks for the lists. Most of the time that more rows would take
 * goes into opening the names of the patients in them.
 */
const FIRST_PAGE_DEFAULT = 20;
const FIRST_PAGE_MAX = 500;

const lotOf = {
  product: z.string().min(1).max(200).describe('Name of the product.'),
  lot: z.string().min(1).max(100).describe('Lot number.'),
};
const firstPageShape = {
  limit: queryInteger(1, FIRST_PAGE_MAX, FIRST_PAGE_DEFAULT)
    .default(FIRST_PAGE_DEFAULT)
    .describe(`Rows of the first page of each list, at most ${FIRST_PAGE_MAX}; ${FIRST_PAGE_DEFAULT} without it.`),
};

export const traceParamsSchema = queryOf({ ...lotOf, ...firstPageShape });
export type TraceParams = z.output<typeof traceParamsSchema>;
export const traceListParamsSchema = listQueryOf(lotOf);
export type TraceListParams = z.output<typeof traceListParamsSchema>;
export const recallParamsSchema = queryOf(firstPageShape);
export type RecallParams = z.output<typeof recallParamsSchema>;
export const recallsParamsSchema = listQueryOf({});
export type RecallsParams = z.output<typeof recallsParamsSchema>;

interface SessionRow {
  readonly session_id: Id;
  readonly patient_id: Id;
  readonly site_id: Id;
  readonly practitioner_id: Id;
  readonly course_id: Id;
  readonly wall: string;
  readonly volume_ul: number | string;
  readonly volume_known: boolean;
}
interface PatientRow {
  readonly patient_id: Id;
  readonly sessions: number;
  readonly first_on: LocalDate;
  readonly last_on: LocalDate;
  readonly told_on: LocalDate | null;
  readonly told_how: Telling | null;
}
interface SiteRow {
  readonly site_id: Id;
  readonly sessions: number;
  readonly patients: number;
}
interface PractitionerRow {
  readonly practitioner_id: Id;
  readonly sessions: number;
  readonly patients: number;
}
interface AdverseEventRow {
  readonly id: Id;
  readonly patient_id: Id;
  readonly site_id: Id;
  readonly session_id: Id | null;
  readonly kind: string;
  readonly severity: string | null;
  readonly onset_on: LocalDate;
  readonly closed: boolean;
}
interface ToldRow {
  readonly entry_id: Id;
  readonly patient_id: Id;
  readonly on_date: LocalDate;
  readonly how: Telling;
}
interface ReceiptRow {
  readonly id: Id;
  readonly site_id: Id;
  readonly received_on: LocalDate;
  readonly expires_on: LocalDate;
  readonly volume_ul: number | null;
  readonly wasted_ul: number;
  readonly used_ul: number;
}

interface ListRows {
  readonly sessions: SessionRow;
  readonly planned: SessionRow;
  readonly patients: PatientRow;
  readonly 'not-told': PatientRow;
  readonly sites: SiteRow;
  readonly practitioners: PractitionerRow;
  readonly 'adverse-events': AdverseEventRow;
  readonly told: ToldRow;
}

type Keys = Readonly<Record<string, unknown>>;
type StoredRecall = Exclude<RecallState, { status: 'none' }>;

type TraceRow = { readonly [List in FirstPage]: ListRows[List][] } & {
  readonly n_sessions: number;
  readonly n_patients: number;
  readonly n_sites: number;
  readonly n_practitioners: number;
  readonly n_planned: number;
  readonly n_adverse: number;
  readonly n_told: number;
  readonly n_volume_unknown: number;
  readonly volume_ul: number;
  readonly recall: StoredRecall | null;
  readonly receipts: ReceiptRow[];
};

/** Names of those who stand in an answer, opened together. */
interface Names {
  readonly patient: (id: Id) => Person;
  readonly practitioner: (id: Id) => Person;
  readonly site: (id: Id) => NamedSite;
  readonly courseCode: (id: Id) => string | null;
}

const ML = 1_000;

/** What a lot touched: sessions, patients, sites, practitioners, plans, adverse events, and who was told. */
export class LotTraceQuery {
  static readonly reads = [LOT_TRACE.name, DIRECTORY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly people: People,
  ) {}

  /**
   * Everything that a lot of a product touched, however it is written, in one statement and so of one moment. An unknown lot
   * touched nothing.
   */
  async trace(
    chain: Chain,
    { product, lot, limit, recallId }: Pick<TraceParams, 'product' | 'lot' | 'limit'> & { readonly recallId?: Id },
  ): Promise<LotTrace> {
    const of = await this.namesOf(chain, { product, lotNumber: lot, recallId });
    const { rows } = await this.db.query<TraceRow>(traceSql(of.spelling), [chain.no, ...of.values, limit + 1]);
    const row = rows[0] as TraceRow;
    const names = await this.namesIn(
      chain,
      FIRST_PAGES.flatMap((list): object[] => row[list]),
    );
    const page = <List extends FirstPage>(list: List) => this.page(list, row[list], limit, names);
    return {
      product,
      lotNumber: lot,
      recall: row.recall && recallView(row.recall),
      counts: {
        sessions: row.n_sessions,
        patients: row.n_patients,
        sites: row.n_sites,
        practitioners: row.n_practitioners,
        planned: row.n_planned,
        adverseEvents: row.n_adverse,
        told: row.n_told,
        notTold: row.n_patients - row.n_told,
        volumeUnknown: row.n_volume_unknown,
      },
      volumeMl: row.volume_ul / ML,
      receipts: row.receipts.map((receipt) => receiptView(receipt, names)),
      sessions: page('sessions'),
      patients: page('patients'),
      sites: page('sites'),
      practitioners: page('practitioners'),
      planned: page('planned'),
      adverseEvents: page('adverse-events'),
      told: page('told'),
    } as LotTrace;
  }

  /** One list of a trace, page by page. @throws Invalid `cursor.malformed` */
  async list(
    chain: Chain,
    list: TraceList,
    { product, lot, limit, cursor }: Pick<TraceListParams, 'product' | 'lot' | 'limit' | 'cursor'>,
  ): Promise<{ items: object[]; next: string | null }> {
    const keys = keysOf(list);
    const after = cursor === undefined ? keys.map(() => null) : decodeCursor(cursor, keys.length);
    const of = await this.namesOf(chain, { product, lotNumber: lot });
    const { rows } = await this.db.query<ListRows[typeof list]>(pageSql(list, of.spelling), [
      ...[chain.no, ...of.values, limit + 1],
      ...after,
    ]);
    return this.page(list, rows, limit, await this.namesIn(chain, rows));
  }

  /** The recalls of the chain, the newest first. @throws Invalid `cursor.malformed` */
  async recalls(
    chain: Chain,
    { limit, cursor }: Pick<RecallsParams, 'limit' | 'cursor'>,
  ): Promise<{ items: RecallView[]; next: string | null }> {
    const after = cursor === undefined ? [null, null] : decodeCursor(cursor, 2);
    const { rows } = await this.db.query<{ id: Id; recalled_on: LocalDate; state: StoredRecall }>(RECALLS_SQL, [
      chain.no,
      limit + 1,
      ...after,
    ]);
    const { items, next } = pageOf(rows, limit, (row) => [row.recalled_on, row.id]);
    return { items: items.map(({ state }) => recallView(state)), next };
  }

  /** A recall with everything that its lot touched. @throws NotFound `recall.unknown` */
  async recall(chain: Chain, recallId: Id, { limit }: Pick<RecallParams, 'limit'>): Promise<LotTrace> {
    if (!isId(recallId)) throw new RecallUnknown();
    const { rows } = await this.db.query<{ product: string; lot_number: string }>(RECALL_SQL, [chain.no, recallId]);
    const [of] = rows;
    if (!of) throw new RecallUnknown();
    return this.trace(chain, { product: of.product, lot: of.lot_number, limit, recallId });
  }

  /** How many receipts on record are of a lot, by GTIN or by its names. */
  async receiptsOf(chain: Chain, lot: NamedLot): Promise<number> {
    return (await lotNames(this.db, chain, lot)).receipts;
  }

  /**
   * What performed sessions at the lot's site used of it, in ml, and in how many of them nobody wrote that down.
   * @param but sessions that are left out
   */
  async useAt(
    chain: Chain,
    { product, lotNumber, siteId }: { readonly product: string; readonly lotNumber: string; readonly siteId: Id },
    but: readonly Id[] = [],
  ): Promise<{ usedMl: number; volumeUnknown: number }> {
    const { rows } = await this.db.query<{ used_ul: number; unknown: number }>(USE_SQL, [
      chain.no,
      product,
      lotNumber,
      siteId,
      but,
    ]);
    const { used_ul = 0, unknown = 0 } = rows[0] ?? {};
    return { usedMl: used_ul / ML, volumeUnknown: unknown };
  }

  /** Under which names a lot stands, as the statements take them. */
  private async namesOf(chain: Chain, lot: Parameters<typeof lotNames>[2]) {
    const { names, recallId } = await lotNames(this.db, chain, lot);
    const columns = [names.map(({ product }) => product), names.map(({ lotNumber }) => lotNumber)];
    return { values: [...columns, recallId], spelling: names.length > 1 ? ('many' as const) : ('one' as const) };
  }

  private page(
    list: TraceList,
    rows: readonly ListRows[TraceList][],
    limit: number,
    names: Names,
  ): { items: object[]; next: string | null } {
    // Rows and views go together by the name of their list.
    const view = VIEWS[list] as (row: ListRows[TraceList], names: Names) => object;
    const { items, next } = pageOf(rows, limit, (row) =>
      keysOf(list).map((key) => (row as unknown as Keys)[key] as string),
    );
    return { items: items.map((row) => view(row, names)), next };
  }

  private async namesIn(chain: Chain, rows: readonly object[]): Promise<Names> {
    const ids = (field: string) => [
      ...new Set(rows.flatMap((row) => (row as Record<string, Id | undefined>)[field] ?? [])),
    ];
    const [patient, practitioner, sites, course] = await Promise.all([
      this.people.patients(chain, ids('patient_id')),
      this.people.practitioners(chain, ids('practitioner_id')),
      this.people.sites(chain),
      this.people.courses(chain, ids('course_id')),
    ]);
    return {
      patient,
      practitioner,
      site: (id) => siteIn(sites, id),
      courseCode: (id) => course(id, '').code,
    };
  }
}

const sessionView = (row: SessionRow, { patient, practitioner, site, courseCode }: Names) => ({
  sessionId: row.session_id,
  course: { id: row.course_id, code: courseCode(row.course_id) },
  patient: patient(row.patient_id),
  site: siteRef(site(row.site_id)),
  practitioner: practitioner(row.practitioner_id),
  at: row.wall,
  volumeMl: row.volume_known ? Number(row.volume_ul) / ML : null,
});

const patientView = (row: PatientRow, { patient }: Names) => ({
  patient: patient(row.patient_id),
  sessions: row.sessions,
  firstOn: row.first_on,
  lastOn: row.last_on,
  told: row.told_on && { on: row.told_on, how: row.told_how },
});

const VIEWS: { readonly [List in TraceList]: (row: ListRows[List], names: Names) => object } = {
  sessions: sessionView,
  planned: sessionView,
  patients: patientView,
  'not-told': patientView,
  sites: ({ site_id, sessions, patients }, { site }) => ({ site: siteRef(site(site_id)), sessions, patients }),
  practitioners: ({ practitioner_id, sessions, patients }, { practitioner }) => ({
    practitioner: practitioner(practitioner_id),
    sessions,
    patients,
  }),
  'adverse-events': (row, { patient, site }) => ({
    id: row.id,
    patient: patient(row.patient_id),
    site: siteRef(site(row.site_id)),
    sessionId: row.session_id,
    kind: row.kind,
    severity: row.severity,
    onsetOn: row.onset_on,
    status: row.closed ? 'closed' : 'open',
  }),
  told: (row, { patient }) => ({
    entryId: row.entry_id,
    patient: patient(row.patient_id),
    on: row.on_date,
    how: row.how,
  }),
};

function receiptView(row: ReceiptRow, { site }: Names) {
  const [receivedMl, usedMl, wastedMl] = [row.volume_ul && row.volume_ul / ML, row.used_ul / ML, row.wasted_ul / ML];
  return {
    lotId: row.id,
    site: siteRef(site(row.site_id)),
    receivedOn: row.received_on,
    expiresOn: row.expires_on,
    receivedMl,
    usedMl,
    wastedMl,
    ...stockOf(receivedMl === null ? null : totalMl([receivedMl, -usedMl, -wastedMl])),
  };
}

const recallView = ({ recallId, product, lotNumber, status, notices }: StoredRecall): RecallView => ({
  id: recallId,
  product,
  lotNumber,
  status,
  notices: notices.map(({ entryId, gtin, recalledOn, reference, cause, lift }) => ({
    entryId,
    gtin,
    recalledOn,
    reference,
    cause,
    lift,
  })),
});
