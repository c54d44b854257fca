import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import {
  breakGlass,
  type OpenedRecord,
  openedRecordsQuery,
  ownOpeningsQuery,
  reviewBreakGlass,
  sessionQuery,
} from '../api/access.js';
import { Badge, WarningChip } from '../ui/chips.js';
import { Confirm } from '../ui/confirm.js';
import { LoadMore, Select } from '../ui/controls.js';
import { formatInstant } from '../ui/dates.js';
import { formText } from '../ui/form-text.js';
import { shortId } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader } from '../ui/page-header.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { EndOpening } from './opened-record.js';

const route = getRouteApi('/break-glass');

/** Records of other sites: opened in an emergency by whoever treats, and looked at by somebody else afterwards. */
export function BreakGlassPage() {
  const session = useQuery(sessionQuery);
  return (
    <>
      <PageHeader title="Opened in an emergency">
        A record of another site opens for a limited time and with a reason. Whoever does so is named to the site of the
        patient, and somebody else looks at it.
      </PageHeader>
      <Loaded query={session} lines={6}>
        {({ permissions, id }) => {
          const mayOpen = permissions.includes('break-glass.open');
          const mayRead = permissions.includes('break-glass.read');
          if (!mayOpen && !mayRead) return <p className="text-soft">None of your roles opens or reviews records.</p>;
          return (
            <>
              {mayOpen && <Open isSomebody={id !== 'user:demo'} />}
              {mayOpen && <OpenNow />}
              {mayRead && <Review ownId={id} mayReview={permissions.includes('break-glass.review')} />}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

const MINUTES = [15, 30, 60, 120, 240];

function Open({ isSomebody }: { isSomebody: boolean }) {
  const { patient } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const open = useMutation({
    mutationFn: async (form: FormData) => {
      const of = formText(form, 'patient');
      await breakGlass(of, formText(form, 'reason'), Number(formText(form, 'minutes')));
      return of;
    },
    onSuccess: async (of) => {
      await queries.invalidateQueries();
      await navigate({ to: '/patients/$patient', params: { patient: of } });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    open.mutate(new FormData(event.currentTarget));
  };
  return (
    <section aria-labelledby="open" className="mb-10">
      <h2 id="open" className="mb-2 text-lg font-semibold">
        Open a record
      </h2>
      {!isSomebody && (
        <p className="mb-3 text-soft">
          The demo user works at every site, so that no record is closed to them; where people sign in, this is the way
          into one that is.
        </p>
      )}
      <form onSubmit={submit} className="max-w-2xl space-y-3">
        <div className="flex flex-wrap gap-4">
          <label className="flex flex-col gap-1">
            <span className="text-xs font-medium text-faint">Code of the patient</span>
            <input
              name="patient"
              required
              maxLength={200}
              defaultValue={patient}
              autoComplete="off"
              spellCheck={false}
              className="field code w-72 max-w-full"
            />
          </label>
          <label className="flex flex-col gap-1">
            <span className="text-xs font-medium text-faint">For how long</span>
            <select name="minutes" defaultValue={60} className="field pr-7">
              {MINUTES.map((minutes) => (
                <option key={minutes} value={minutes}>
                  {minutes < 60 ? `${minutes} minutes` : minutes === 60 ? '1 hour' : `${minutes / 60} hours`}
                </option>
              ))}
            </select>
          </label>
        </div>
        <label className="flex flex-col gap-1">
          <span className="text-xs font-medium text-faint">Why, in a sentence that somebody else can judge</span>
          <textarea
            name="reason"
            required
            minLength={10}
            maxLength={2_000}
            rows={3}
            className="field min-h-20 w-full"
          />
        </label>
        {open.isError && <ProblemPanel error={open.error} />}
        <button type="submit" className="button" data-primary disabled={open.isPending || !isSomebody}>
          Open the record
        </button>
      </form>
    </section>
  );
}

function OpenNow() {
  const query = useQuery(ownOpeningsQuery);
  return (
    <section aria-labelledby="open-now" className="mb-10">
      <h2 id="open-now" className="mb-2 text-lg font-semibold">
        Open to you now
      </h2>
      <Loaded query={query} lines={2}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-soft">None.</p>
          ) : (
            <ul className="max-w-3xl border-t border-line">
              {items.map((opening) => (
                <li
                  key={opening.id}
                  className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line py-2"
                >
                  <span>
                    <RecordLink opening={opening} /> until {formatInstant(opening.until)}
                    <span className="block text-soft">{opening.reason ?? <em>erased</em>}</span>
                  </span>
                  <EndOpening opening={opening} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}

const RecordLink = ({ opening: { patient } }: { opening: OpenedRecord }) => (
  <Link to="/patients/$patient" params={{ patient: patient.id }} className="link code">
    {shortId(patient.id)}
  </Link>
);

const STATES = [
  { value: 'waiting', label: 'Not looked at yet' },
  { value: 'reviewed', label: 'Looked at' },
];

/** Who looks at the list: nobody reviews what they opened themselves. */
interface Reviewer {
  readonly ownId: string;
  readonly mayReview: boolean;
}

function Review({ ownId, mayReview }: Reviewer) {
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(openedRecordsQuery(state));
  return (
    <section aria-labelledby="review">
      <h2 id="review" className="mb-2 text-lg font-semibold">
        What was opened
      </h2>
      <div className="mb-4 flex print:hidden">
        <Select
          label="State"
          value={state}
          all="All"
          options={STATES}
          onChange={(chosen) => void navigate({ search: (search) => ({ ...search, state: chosen }), replace: true })}
        />
      </div>
      <Loaded query={query} lines={4}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items);
          if (items.length === 0) return <p className="text-soft">Nothing was opened.</p>;
          return (
            <>
              <Openings openings={items} ownId={ownId} mayReview={mayReview} />
              <LoadMore query={query} what="openings" />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function Openings({ openings, ownId, mayReview }: Reviewer & { openings: OpenedRecord[] }) {
  return (
    <table className="ledger">
      <caption className="sr-only">Records that were opened, by whom and why, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Opened</th>
          <th scope="col">Who</th>
          <th scope="col">Record</th>
          <th scope="col">Why</th>
          <th scope="col">What was found</th>
        </tr>
      </thead>
      <tbody>
        {openings.map((opening) => (
          <tr key={opening.id}>
            <td className="whitespace-nowrap">
              {formatInstant(opening.openedAt)}
              <span className="block text-xs text-faint">
                {opening.endedAt ? `closed ${formatInstant(opening.endedAt)}` : `until ${formatInstant(opening.until)}`}
              </span>
            </td>
            <th scope="row">{opening.user.name ?? <em className="text-faint">erased</em>}</th>
            <td>
              <RecordLink opening={opening} />
            </td>
            <td>{opening.reason ?? <em className="text-faint">erased</em>}</td>
            <td>
              <Found opening={opening} mayReview={mayReview && ownId !== `user:${opening.user.id}`} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Found({ opening, mayReview }: { opening: OpenedRecord; mayReview: boolean }) {
  const { review } = opening;
  if (review) {
    return (
      <>
        {review.outcome === 'justified' ? <Badge>Justified</Badge> : <WarningChip>Not justified</WarningChip>}
        <span className="block text-xs text-faint">{formatInstant(review.at)}</span>
      </>
    );
  }
  if (!mayReview) return <span className="text-faint">Somebody else looks at it.</span>;
  return (
    <Confirm
      button={
        <>
          Say what you found <span className="sr-only">about {opening.user.name ?? 'this opening'}</span>
        </>
      }
      title="Was it right to open this record?"
      confirm="Write it down"
      onConfirm={(form) => reviewBreakGlass(opening, formText(form, 'outcome'), formText(form, 'note'))}
    >
      <p className="text-soft">
        {opening.user.name ?? 'Somebody'}, {formatInstant(opening.openedAt)}: {opening.reason ?? <em>erased</em>}
      </p>
      <fieldset className="space-y-1">
        <legend className="text-xs font-medium text-faint">What you found</legend>
        {OUTCOMES.map(({ value, label }) => (
          <label key={value} className="flex items-center gap-2">
            <input type="radio" name="outcome" value={value} required className="size-4 accent-gentian" />
            {label}
          </label>
        ))}
      </fieldset>
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">How you know</span>
        <textarea name="note" required maxLength={2_000} rows={3} className="field min-h-20 w-full" />
      </label>
    </Confirm>
  );
}

const OUTCOMES = [
  { value: 'justified', label: 'It was justified' },
  { value: 'not-justified', label: 'It was not' },
];
