import { queryOptions } from '@tanstack/react-query';
import type { LocalDate } from './common.js';
import { getJson, urlOf } from './http.js';

/** What a site, or all of them, did in a period; the same whenever it is computed from the same checkpoint. */
export interface ComplianceReport {
  checkpoint: { size: number; root: string };
  site: string | null;
  from: LocalDate;
  to: LocalDate;
  sessions: {
    performed: number;
    maintenance: number;
    patients: number;
    againstARule: number;
    byRule: { rule: string; positions: number[] }[];
  };
  adverseEvents: {
    all: number;
    inTime: number;
    late: number;
    overdue: number;
    open: number;
    items: ReportedAdverseEvent[];
  };
  recalls: { all: number; items: ReportedRecall[] };
}

export interface ReportedAdverseEvent {
  adverseEventId: string;
  patientId: string;
  kind: string;
  severity: string | null;
  onsetOn: LocalDate;
  reportBy: LocalDate;
  toldOn: LocalDate | null;
  state: 'in-time' | 'late' | 'overdue' | 'open';
}

export interface ReportedRecall {
  recallId: string;
  product: string;
  lotNumber: string;
  recalledOn: LocalDate;
  reference: string;
  patients: number;
  told: number;
  notTold: string[];
}

export interface ReportAsked {
  site?: string | undefined;
  from: LocalDate;
  to: LocalDate;
  checkpoint?: string | undefined;
}

const PATH = '/v1/reports/compliance';

/** Computed anew only when it is asked for: it reads the log once. */
export const reportQuery = ({ site, from, to, checkpoint }: ReportAsked) =>
  queryOptions({
    queryKey: ['report', site, from, to, checkpoint],
    queryFn: ({ signal }) => getJson<ComplianceReport>(PATH, { site, from, to, checkpoint }, signal),
    staleTime: Infinity,
  });

/** Where the browser takes the bytes of a report from, or the bundle that proves it. */
export const reportUrl = (what: 'report' | 'evidence', { site, from, to, checkpoint }: ReportAsked): string =>
  urlOf(what === 'report' ? PATH : `${PATH}/evidence`, { site, from, to, checkpoint });
