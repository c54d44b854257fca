import { type Balance, MESSAGE_STATUSES } from '../api/messages.js';

/** The messages that have an outcome or wait for one; it must be what was planned. */
export const outcomesOf = (balance: Balance): number =>
  MESSAGE_STATUSES.reduce((sum, status) => sum + balance[status], 0);
