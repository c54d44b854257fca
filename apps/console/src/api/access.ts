import { queryOptions } from '@tanstack/react-query';
import { type Instant, type LocalDate, type Page, pagesOf } from './common.js';
import { getJson, postJson } from './http.js';

export type SignInBy = 'demo' | 'passkeys' | 'openid-connect';

/** Who is signed in. */
export interface SessionView {
  id: string;
  kind: 'user' | 'machine' | 'patient';
  name: string | null;
  signInBy: SignInBy;
  grants: { role: string; site: string | null; patient: string | null }[];
  permissions: string[];
  hasSession: boolean;
}

export interface HeldRole {
  id: string;
  role: string;
  /** Null: at all sites. */
  site: string | null;
  patient: string | null;
  validFrom: LocalDate | null;
  validTo: LocalDate | null;
}

export interface UserView {
  id: string;
  name: string | null;
  status: 'invited' | 'enabled' | 'disabled';
  signsInBy: string[];
  grants: HeldRole[];
}

export interface ApiKeyView {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  sites: string[] | null;
  expiresAt: Instant;
  usedAt: Instant | null;
  state: 'valid' | 'expired' | 'revoked';
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => getJson<SessionView>('/v1/session', {}, signal),
});

export const signInQuery = queryOptions({
  queryKey: ['sign-in'],
  queryFn: ({ signal }) => getJson<{ by: SignInBy; chain: string }>('/v1/sign-in', {}, signal),
});

export const usersQuery = () => pagesOf<UserView>('users', '/v1/users');
export const apiKeysQuery = () => pagesOf<ApiKeyView>('api-keys', '/v1/api-keys');

export const endSession = () => postJson<{ ended: boolean }>('/v1/session/end');

/** @returns the address of the provider */
export const beginOpenIdConnect = (errand: { invitation?: string; anew?: boolean; returnTo?: string } = {}) =>
  postJson<{ url: string }>('/v1/sign-in/openid-connect', errand);

export interface NewGrant {
  role: string;
  site?: string;
}

export const inviteUser = (name: string, grants: readonly NewGrant[]) =>
  postJson<{ id: string }>('/v1/users', { name, grants });
/** The code is told this once. */
export const issueInvitation = (user: string) =>
  postJson<{ code: string; expiresAt: Instant }>(`/v1/users/${encodeURIComponent(user)}/invitation`);
export const grantRole = (user: string, grant: NewGrant) =>
  postJson(`/v1/users/${encodeURIComponent(user)}/grants`, grant);
export const revokeRole = (user: string, grant: string) =>
  postJson(`/v1/users/${encodeURIComponent(user)}/grants/${encodeURIComponent(grant)}/revoke`);
export const setUserEnabled = (user: string, isEnabled: boolean, reason: string) =>
  postJson(`/v1/users/${encodeURIComponent(user)}/${isEnabled ? 'enable' : 'disable'}`, { reason });

/** The key is told this once. */
export const createApiKey = (key: {
  name: string;
  scopes: readonly string[];
  sites?: readonly string[];
  days: number;
}) => postJson<{ id: string; key: string; expiresAt: Instant }>('/v1/api-keys', key);
export const revokeApiKey = (key: string) => postJson(`/v1/api-keys/${encodeURIComponent(key)}/revoke`);

/** A record that somebody opened beyond their sites. */
export interface OpenedRecord {
  id: string;
  user: { id: string; name: string | null };
  patient: { id: string };
  reason: string | null;
  openedAt: Instant;
  until: Instant;
  /** When they closed it themselves, before its time was over. */
  endedAt: Instant | null;
  review: { outcome: 'justified' | 'not-justified'; by: string; at: Instant } | null;
}

export const openedRecordsQuery = (state?: string) =>
  pagesOf<OpenedRecord>('opened-records', '/v1/break-glass', { state });

/** What is open now to whoever asks. */
export const ownOpeningsQuery = queryOptions({
  queryKey: ['opened-records', 'own'],
  queryFn: ({ signal }) => getJson<Page<OpenedRecord>>('/v1/break-glass/own', {}, signal),
});

export const breakGlass = (patient: string, reason: string, minutes: number) =>
  postJson<{ id: string }>(`/v1/patients/${encodeURIComponent(patient)}/break-glass`, { reason, minutes });
export const endBreakGlass = (opening: string) => postJson(`/v1/break-glass/${encodeURIComponent(opening)}/end`);
export const reviewBreakGlass = ({ id, user }: OpenedRecord, outcome: string, note: string) =>
  postJson(`/v1/users/${encodeURIComponent(user.id)}/break-glass/${encodeURIComponent(id)}/review`, { outcome, note });
