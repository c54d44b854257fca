import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { dispatchQuery } from '../api/dispatch.js';
import { formatInstant } from '../ui/dates.js';

/** While dispatch is closed, whoever books or looks up anything must know that no patient hears of it. */
export function DispatchBanner() {
  const dispatch = useQuery(dispatchQuery).data;
  return (
    <div role="status">
      {dispatch && !dispatch.open && (
        <p className="border-b border-line bg-iodine-wash px-4 py-1.5 text-center text-ink">
          <b className="font-semibold">No message leaves</b>
          {dispatch.closedAt && ` since ${formatInstant(dispatch.closedAt)}`}: {dispatch.reason}{' '}
          <Link to="/system" hash="dispatch" className="underline underline-offset-3">
            What to do
          </Link>
        </p>
      )}
    </div>
  );
}
