import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { closeDispatch, type Dispatch, dispatchQuery, openDispatch } from '../api/dispatch.js';
import { Confirm } from '../ui/confirm.js';
import { formatInstant } from '../ui/dates.js';
import { formText } from '../ui/form-text.js';
import { plural } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { useToasts } from '../ui/toasts.js';
import { openingText } from './dispatch-text.js';

/** Whether messages leave, and the way to stop them all or to let them go. */
export function DispatchPanel() {
  const query = useQuery(dispatchQuery);
  return (
    <section aria-labelledby="dispatch">
      <h2 id="dispatch" className="mb-2 text-lg font-semibold">
        Dispatch of messages
      </h2>
      <Loaded query={query} lines={2}>
        {(dispatch) => (dispatch.open ? <Open /> : <Closed dispatch={dispatch} />)}
      </Loaded>
    </section>
  );
}

function Open() {
  return (
    <div className="flex max-w-2xl flex-wrap items-center justify-between gap-3 border-y border-line py-3">
      <p>
        <b className="font-semibold text-sage">Messages leave</b> when they fall due.
      </p>
      <Confirm
        button="Close dispatch"
        title="Let no message leave?"
        confirm="Close dispatch"
        onConfirm={(form) => closeDispatch(formText(form, 'reason'))}
      >
        <p>
          Everything else goes on. What falls due waits until dispatch is opened, and goes then or expires: patients are
          told nothing meanwhile.
        </p>
        <label className="flex flex-col gap-1">
          <span className="text-xs font-medium text-faint">Why, for everybody to read</span>
          <input name="reason" required maxLength={500} autoComplete="off" className="field" />
        </label>
      </Confirm>
    </div>
  );
}

function Closed({ dispatch }: { dispatch: Dispatch }) {
  const toasts = useToasts();
  const whatFollows = openingText(dispatch);
  return (
    <div className="max-w-2xl border-l-4 border-iodine bg-surface px-4 py-3">
      <p>
        <b className="font-semibold text-iodine">No message leaves</b>
        {dispatch.closedAt && ` since ${formatInstant(dispatch.closedAt)}`}: {dispatch.reason}
      </p>
      <div className="my-2 space-y-1 text-soft">
        {whatFollows.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      <Confirm
        button="Open dispatch"
        title="Let messages leave again?"
        confirm="Open dispatch"
        onConfirm={async () => {
          const { doubted } = await openDispatch();
          toasts.show(<Opened doubted={doubted} />);
        }}
      >
        {whatFollows.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </Confirm>
    </div>
  );
}

function Opened({ doubted }: { doubted: number }) {
  if (doubted === 0) return 'Messages leave again.';
  return (
    <>
      Messages leave again; {plural(doubted, 'message')} became unknown.{' '}
      <Link to="/messages" search={{ status: 'unknown' }} className="font-semibold underline underline-offset-3">
        Decide on them
      </Link>
    </>
  );
}
