import { queryOptions } from '@tanstack/react-query';
import type { Instant, LocalDate } from './common.js';
import { getJson, postJson } from './http.js';

export const ERASURE_GROUNDS = ['patient-asked', 'retention-ended', 'registered-by-mistake', 'other'] as const;
export type ErasureGround = (typeof ERASURE_GROUNDS)[number];

/** Whether a patient is, may be or is to be erased. */
export interface PatientErasure {
  patientId: string;
  state: 'none' | 'requested' | 'erased' | 'final';
  /** All registrations of the person, each of which is erased. */
  registrations: string[];
  request: { erasureId: string; ground: ErasureGround; reason: string | null; by: string; at: Instant } | null;
  holds: { holdId: string; patientId: string; reason: string | null; by: string; at: Instant }[];
  /** The last day on which the record has to be kept; null: it need not be. */
  keptUntil: LocalDate | null;
  /** Ids of the rules that stand against it now. */
  against: string[];
  erased: {
    by: string | null;
    at: Instant | null;
    keysDestroyedAt: Instant | null;
    finalAt: Instant | null;
    todo: string | null;
  } | null;
}

const of = (patient: string, path: string): string => `/v1/patients/${encodeURIComponent(patient)}/${path}`;

export const patientErasureQuery = (patient: string) =>
  queryOptions({
    queryKey: ['patient-erasure', patient],
    queryFn: ({ signal }) => getJson<PatientErasure>(of(patient, 'erasure'), {}, signal),
  });

export const requestErasure = (patient: string, data: { ground: string; reason: string }) =>
  postJson(of(patient, 'erasure-requests'), data);

/** `asSecondPerson`: of a sandbox, which has one user. */
export const confirmErasure = (patient: string, data: { erasure: string; asSecondPerson?: boolean }) =>
  postJson(of(patient, 'erasure-requests/confirm'), data);

export const declineErasure = (patient: string, data: { erasure: string; reason: string }) =>
  postJson(of(patient, 'erasure-requests/decline'), data);

export const setLegalHold = (patient: string, reason: string) => postJson(of(patient, 'legal-holds'), { reason });

export const liftLegalHold = (patient: string, hold: string, reason: string) =>
  postJson(of(patient, `legal-holds/${encodeURIComponent(hold)}/lift`), { reason });
