import { queryOptions } from '@tanstack/react-query';
import type { Page } from './common.js';
import { getJson } from './http.js';

export type Texts = Record<string, string>;

/** Why a rule stands where it stands. */
export interface Grounds {
  facts: string[];
  basis: 'own-source' | 'general' | 'other-source' | 'chain';
  citations?: string[];
  note?: string;
}

export type Ruled<Content> = Content & Grounds;

export type HoldsFor = string | { min: string; max: string } | null;

export type AftercareItem = Ruled<
  { id: string; subject: string; text: Texts } & (
    | { act: 'avoid'; lasts: HoldsFor; free: Texts | null }
    | { act: 'do'; lasts: HoldsFor }
    | { act: 'allow'; after: string }
  )
>;

export type DepthRule = Ruled<
  { decidedBy: 'protocol'; min: number; max: number; exceptDevices: string[] } | { decidedBy: 'physician' }
>;

export type MaintenanceRule = Ruled<
  | {
      kind: 'rhythm';
      anchor: 'first-session' | 'last-session';
      firstOpens: string;
      firstCloses: string;
      thenOpens: string;
      thenCloses: string;
      repeatCourse: Ruled<{ opens: string; closes: string }> | null;
    }
  | { kind: 'physician'; latest: string | null }
>;

export type MessageRule = Ruled<{
  kind: string;
  before?: string;
  after?: string;
  precaution?: string;
  usefulFor: string | null;
}>;

export type Contraindication = Ruled<{ code: string; asks: Texts; blocking: boolean; overridable: boolean }>;

export interface Protocol {
  code: string;
  version: number;
  languages: string[];
  title: Texts;
  areas: Ruled<{ codes: string[] }> | null;
  ingredients: Ruled<{ items: { name: string; derivedFrom: string[] }[] }> | null;
  devices: Ruled<{ codes: string[] }>;
  consultation: Ruled<{ code: string }>[];
  screening: { validity: Ruled<{ lasts: string | null }>; contraindications: Contraindication[] };
  testsFirst: Ruled<{ code: string }>[];
  sessions: Ruled<{ min: number; max: number | null }>;
  intervalDays: Ruled<{ min: number; max: number }>;
  preSession: {
    precautions: Ruled<{ code: string; before: string; text: Texts; names: string[] }>[];
    checks: Ruled<{ code: string; asks: Texts; overridable: boolean }>[];
  };
  steps: Ruled<{ code: string; title: Texts }>[];
  depthMm: DepthRule;
  durationMinutes: Ruled<{ min: number; max: number }>;
  aftercare: AftercareItem[];
  checkUps: Ruled<{ kind: 'after-each-session' | 'after-last-session'; afterDays: number }>[];
  expectedReactions: Ruled<{ code: string; withinDays: number }>[];
  adverseEvents: Ruled<{ code: string }>[];
  lapse: Ruled<{ afterDays: number }>;
  maintenance: MaintenanceRule;
  messages: MessageRule[];
  information: Ruled<{ topic: string }>[];
}

export interface ProtocolSummary {
  code: string;
  version: number;
  /** With a retired version no new course is planned. */
  state: 'published' | 'retired';
  title: Texts;
  facts: string[];
}

/** A published statement; which members it has depends on its kind. */
export interface Fact {
  id: string;
  kind: string;
  [member: string]: unknown;
}

/** What is published never changes. */
const forEver = { staleTime: Number.POSITIVE_INFINITY };

/** The most that a page of a list has. */
const LIMIT_MAX = 500;

/** Every version of every protocol. */
export const protocolsQuery = queryOptions({
  queryKey: ['protocols'],
  queryFn: async ({ signal }) =>
    (await getJson<Page<ProtocolSummary>>('/v1/protocols', { limit: LIMIT_MAX }, signal)).items,
});

/** One version; without a number the one that new courses are planned with, which changes when another is published. */
export const protocolQuery = (code: string, version?: number) =>
  queryOptions({
    queryKey: ['protocol', code, version ?? 'newest'],
    queryFn: ({ signal }) => getJson<Protocol>(`/v1/protocols/${encodeURIComponent(code)}`, { version }, signal),
    ...(version === undefined ? {} : forEver),
  });

/** Of each protocol the version that new courses are planned with; where all are retired, the newest. */
export function newestOfEach(versions: readonly ProtocolSummary[]): ProtocolSummary[] {
  const newest = new Map<string, ProtocolSummary>();
  for (const each of versions) {
    const other = newest.get(each.code);
    const isBetter =
      other === undefined || (other.state === each.state ? each.version > other.version : each.state === 'published');
    if (isBetter) newest.set(each.code, each);
  }
  return [...newest.values()];
}

export const factsQuery = queryOptions({
  queryKey: ['facts'],
  queryFn: async ({ signal }) => (await getJson<Page<Fact>>('/v1/facts', {}, signal)).items,
  ...forEver,
});
