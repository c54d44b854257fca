import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { endBreakGlass, type OpenedRecord, ownOpeningsQuery, sessionQuery } from '../api/access.js';
import { ApiProblem } from '../api/http.js';
import { Confirm } from '../ui/confirm.js';
import { formatInstant } from '../ui/dates.js';

/** Over a record that whoever reads it has opened beyond their sites: until when, and how to close it. */
export function OpenedNotice({ patient }: { patient: string }) {
  const mayOpen = useQuery(sessionQuery).data?.permissions.includes('break-glass.open') ?? false;
  const own = useQuery({ ...ownOpeningsQuery, enabled: mayOpen });
  const opening = own.data?.items.find((each) => each.patient.id === patient);
  if (!opening) return null;
  return (
    <section
      aria-label="Opened in an emergency"
      className="mb-6 flex max-w-3xl flex-wrap items-center gap-x-4 gap-y-2 border-l-4 border-iodine bg-surface px-4 py-3"
    >
      <p>
        <b className="font-semibold">You have opened this record in an emergency.</b> It closes by itself at{' '}
        {formatInstant(opening.until)}. Somebody else will look at why.
      </p>
      <EndOpening opening={opening} />
    </section>
  );
}

/** Closes a record before its time is over. */
export function EndOpening({ opening }: { opening: OpenedRecord }) {
  return (
    <Confirm
      button="Close it now"
      title="Close this record now?"
      confirm="Close it"
      onConfirm={() => endBreakGlass(opening.id)}
    >
      <p>You do not see it any more. What you have done stays on record, and so does why you opened it.</p>
    </Confirm>
  );
}

/** Beside a patient that is not to be seen from here: the way in for whoever treats, when it cannot wait. */
export function EmergencyWay({ patient, error }: { patient: string; error: Error }) {
  const mayOpen = useQuery(sessionQuery).data?.permissions.includes('break-glass.open') ?? false;
  const isHidden = error instanceof ApiProblem && (error.status === 404 || error.status === 403);
  if (!mayOpen || !isHidden) return null;
  return (
    <p className="mb-4 max-w-2xl">
      It may be a patient of another site.{' '}
      <Link to="/break-glass" search={{ patient }} className="link">
        Open the record in an emergency
      </Link>
    </p>
  );
}

/** For those who open such records, or look at them afterwards. */
export function EmergencyLink() {
  const permissions = useQuery(sessionQuery).data?.permissions ?? [];
  if (!permissions.includes('break-glass.open') && !permissions.includes('break-glass.read')) return null;
  return (
    <Link to="/break-glass" className="button">
      Opened in an emergency
    </Link>
  );
}
