import { queryOptions } from '@tanstack/react-query';
import { type LocalDate, type Page, type Person, pagesOf, type SiteRef, type Wall } from './common.js';
import { getJson } from './http.js';

export interface Recall {
  id: string;
  product: string;
  lotNumber: string;
  status: 'recalled' | 'lifted';
  /** Every recall of the lot, the oldest first. */
  notices: {
    entryId: string;
    gtin: string | null;
    recalledOn: LocalDate;
    reference: string;
    cause: string;
    /** From the day of it on the lot may be used again. */
    lift: { entryId: string; liftedOn: LocalDate; reference: string } | null;
  }[];
}

/** A session that was performed with a lot, or is booked with it. */
export interface TracedSession {
  sessionId: string;
  course: { id: string; code: string | null };
  patient: Person;
  site: SiteRef;
  practitioner: Person;
  at: Wall;
  /** Null where it was not written down, and before the session. */
  volumeMl: number | null;
}

export interface TracedPatient {
  patient: Person;
  sessions: number;
  firstOn: LocalDate;
  lastOn: LocalDate;
  /** When the patient was last told of the recall; null: not yet. */
  told: { on: LocalDate; how: string } | null;
}

export interface TracedAdverseEvent {
  id: string;
  patient: Person;
  site: SiteRef;
  sessionId: string | null;
  kind: string;
  severity: string | null;
  onsetOn: LocalDate;
  status: 'open' | 'closed';
}

interface Touched {
  sessions: number;
  patients: number;
}

/** The lists of a trace by the names that they are asked for with. */
export interface TraceLists {
  sessions: TracedSession;
  patients: TracedPatient;
  'not-told': TracedPatient;
  sites: Touched & { site: SiteRef };
  practitioners: Touched & { practitioner: Person };
  planned: TracedSession;
  'adverse-events': TracedAdverseEvent;
  told: { entryId: string; patient: Person; on: LocalDate; how: string };
}
export type TraceList = keyof TraceLists;

/** Everything that a lot touched: counts over all of it, and the first page of each list. */
export interface LotTrace {
  product: string;
  lotNumber: string;
  /** Null: it was never recalled. */
  recall: Recall | null;
  counts: {
    sessions: number;
    patients: number;
    sites: number;
    practitioners: number;
    /** Sessions that are booked with it. */
    planned: number;
    adverseEvents: number;
    /** Of the touched patients. */
    told: number;
    notTold: number;
    /** Sessions in which a volume was not written down. */
    volumeUnknown: number;
  };
  /** In performed sessions, as far as it was written down. */
  volumeMl: number;
  receipts: {
    lotId: string;
    site: SiteRef;
    receivedOn: LocalDate;
    expiresOn: LocalDate;
    receivedMl: number | null;
    usedMl: number;
    wastedMl: number;
    leftMl: number | null;
    /** Used and wasted beyond what was received. */
    excessMl: number | null;
  }[];
  sessions: Page<TracedSession>;
  patients: Page<TracedPatient>;
  sites: Page<TraceLists['sites']>;
  practitioners: Page<TraceLists['practitioners']>;
  planned: Page<TracedSession>;
  adverseEvents: Page<TracedAdverseEvent>;
  told: Page<TraceLists['told']>;
}

/** Which lot: a recall is of the same lot at every site. */
export interface LotKey {
  product: string;
  lotNumber: string;
}

/** Newest first. */
export const recallsQuery = pagesOf<Recall>('recalls', '/v1/recalls');

export const recallQuery = (recall: string) =>
  queryOptions({
    queryKey: ['recall', recall],
    queryFn: ({ signal }) => getJson<LotTrace>(`/v1/recalls/${encodeURIComponent(recall)}`, {}, signal),
  });

export const lotTraceQuery = ({ product, lotNumber }: LotKey) =>
  queryOptions({
    queryKey: ['lot-trace', product, lotNumber],
    queryFn: ({ signal }) => getJson<LotTrace>('/v1/lots/trace', { product, lot: lotNumber }, signal),
  });

/** One list of a trace, page by page. */
export const traceListQuery = <List extends TraceList>(list: List, { product, lotNumber }: LotKey) =>
  pagesOf<TraceLists[List]>(`lot-trace-${list}`, `/v1/lots/trace/${list}`, { product, lot: lotNumber });
