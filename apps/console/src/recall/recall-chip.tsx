import type { Recall } from '../api/recalls.js';
import { Badge, WarningChip } from '../ui/chips.js';

/** Whether a lot is recalled. */
export function RecallChip({ recall }: { recall: Recall | null }) {
  if (!recall) return <Badge>Never recalled</Badge>;
  return recall.status === 'recalled' ? <WarningChip>Recalled</WarningChip> : <Badge>Recall lifted</Badge>;
}
