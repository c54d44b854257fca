import type { Message, MessageStatus } from '../api/messages.js';
import { Badge, WarningChip } from '../ui/chips.js';
import { words } from '../ui/labels.js';

const NEEDS_A_LOOK: ReadonlySet<MessageStatus> = new Set<MessageStatus>(['failed', 'unknown']);

/** The status in a word; what the provider could not deliver needs a look though it was sent. */
export function MessageStatusChip({
  message: { status, delivery },
}: {
  message: Pick<Message, 'status' | 'delivery'>;
}) {
  const text = status === 'sent' && delivery !== null ? delivery : status;
  const warns = NEEDS_A_LOOK.has(status) || delivery === 'undelivered';
  return warns ? <WarningChip>{words(text)}</WarningChip> : <Badge>{words(text)}</Badge>;
}
