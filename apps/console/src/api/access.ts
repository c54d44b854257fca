import { queryOptions } from '@tanstack/react-query';
import { type Instant, type LocalDate, pagesOf } from './common.js';
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
export const beginOpenIdConnect = (invitation?: string) =>
  postJson<{ url: string }>('/v1/sign-in/openid-connect', invitation ? { invitation } : {});

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
