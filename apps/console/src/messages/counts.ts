import type { MessageCount, MessageStatus } from '../api/messages.js';

export interface KindCount {
  kind: string;
  messages: number;
}

/** The kinds that have messages in a status, most first; the one that is chosen stays even where it has none. */
export function kindsOf(
  counts: readonly MessageCount[],
  status: MessageStatus,
  chosen: string | undefined,
): KindCount[] {
  const found: KindCount[] = counts
    .filter((each) => each.status === status)
    .map(({ kind, messages }) => ({ kind, messages }))
    .sort((a, b) => b.messages - a.messages);
  const isMissing = chosen !== undefined && !found.some(({ kind }) => kind === chosen);
  return isMissing ? [...found, { kind: chosen, messages: 0 }] : found;
}
