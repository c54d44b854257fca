import { useMutation, useQueryClient } from '@tanstack/react-query';
import { confirmSlot, type OpenSlot } from '../api/slots.js';
import { Badge } from '../ui/chips.js';
import { formatDateNear, formatTime } from '../ui/dates.js';
import { ProblemPanel } from '../ui/problem-panel.js';

/** A time that is kept for a patient who has not answered yet, or has said yes to it; staff may book it at once. */
export function KeptTime({ slot, today }: { slot: OpenSlot; today: string }) {
  const queries = useQueryClient();
  const confirm = useMutation({
    mutationFn: () => confirmSlot(slot.id),
    onSuccess: () => void queries.invalidateQueries(),
  });
  const time = `${formatDateNear(slot.at, today)} ${formatTime(slot.at)}`;
  return (
    <span className="block whitespace-normal">
      <span className="flex flex-wrap items-center gap-1.5">
        <Badge>{slot.state === 'accepted' ? 'Patient agreed' : 'Held'}</Badge>
        <span className="font-semibold">{time}</span>
      </span>
      <button
        type="button"
        className="button mt-1 print:hidden"
        aria-label={`Confirm ${time}`}
        disabled={confirm.isPending}
        onClick={() => confirm.mutate()}
      >
        {confirm.isPending ? 'Confirming…' : 'Confirm'}
      </button>
      {confirm.isError && <ProblemPanel error={confirm.error} />}
    </span>
  );
}
