import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { advanceClock, clockQuery } from '../api/clock.js';
import { balanceQuery } from '../api/messages.js';
import { plural } from '../ui/labels.js';
import { useToasts } from '../ui/toasts.js';

const POLL_MS = 600;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets time pass, waits until all of it has, and says what went out. */
export function useAdvance() {
  const queries = useQueryClient();
  const toasts = useToasts();
  const advance = useMutation({
    mutationFn: async (by: { days?: number; months?: number }): Promise<number> => {
      const before = await queries.fetchQuery({ ...balanceQuery, staleTime: 0 });
      const result = await advanceClock(by);
      if (result.advancing === null) return result.sent;
      // A long advance goes on after the answer; from here on the balance knows what was sent.
      for (;;) {
        await pause(POLL_MS);
        const clock = await queries.fetchQuery({ ...clockQuery, staleTime: 0 });
        if (clock.advancing === null) break;
      }
      const after = await queries.fetchQuery({ ...balanceQuery, staleTime: 0 });
      return after.sent - before.sent;
    },
    onSuccess: (sent) =>
      toasts.show(
        sent === 0 ? (
          'Time has passed. No message went out.'
        ) : (
          <>
            {plural(sent, 'message')} went out.{' '}
            <Link to="/outbox" className="font-semibold underline underline-offset-3">
              Read them
            </Link>
          </>
        ),
      ),
    onSettled: () => void queries.invalidateQueries(),
  });
  return { start: advance.mutate, isAdvancing: advance.isPending, error: advance.error };
}
