import type { RemoveRows } from '#libs/erasure/src/effect/erasure-finisher.js';
import { forgetLines } from '#libs/history-import/src/import-lines.js';
import { ReplyAddresses } from '#libs/messaging/src/inbound/reply-address.js';

/** What libraries keep of persons beside the log, and have to forget with them. */
export const ERASURE_REMOVERS: readonly RemoveRows[] = [
  (tx, chain, patientIds) => ReplyAddresses.forget(tx, chain, patientIds),
  (tx, chain, patientIds) => forgetLines(tx, chain, patientIds),
];
