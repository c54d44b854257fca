import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { ApiKeyEvent } from './api-key.events.js';

export type ApiKeyState =
  | { readonly status: 'none' }
  | {
      readonly status: 'valid' | 'revoked';
      readonly keyId: Id;
      readonly name: string;
      readonly scopes: readonly string[];
      readonly siteIds: readonly Id[] | null;
      readonly expiresAt: Instant;
    };

export const apiKeyFold = {
  initial: { status: 'none' } as ApiKeyState,
  evolve: (state: ApiKeyState, event: RecordedEvent<ApiKeyEvent>): ApiKeyState => {
    if (event.type === 'ApiKeyCreated') return { status: 'valid', ...event.data };
    return state.status === 'none' ? state : { ...state, status: 'revoked' };
  },
};
