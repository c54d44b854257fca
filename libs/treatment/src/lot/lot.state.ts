import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { LotEvent } from './lot.events.js';

export type LotState =
  | { readonly status: 'none' }
  | {
      readonly status: 'received';
      readonly lotId: string;
      readonly siteId: string;
      readonly product: string;
      readonly lotNumber: string;
      readonly expiresOn: LocalDate;
      readonly receivedOn: LocalDate;
      readonly ingredients: readonly string[];
    };

export const lotFold = {
  initial: { status: 'none' } as LotState,
  evolve: (_state: LotState, event: RecordedEvent<LotEvent>): LotState => ({ status: 'received', ...event.data }),
};
