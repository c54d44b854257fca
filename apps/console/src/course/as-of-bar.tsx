import { useQuery } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { chainQuery } from '../api/chain.js';
import type { HistoryAt } from '../api/courses.js';
import { formText } from '../ui/form-text.js';
import { historyText, isThen, knownAtOf, typedOf } from './as-of.js';

interface AsOfBarProps {
  at: HistoryAt;
  onChange: (at: HistoryAt) => void;
}

/** Asks for another time than now, and says so for as long as the page shows one. */
export function AsOfBar({ at, onChange }: AsOfBarProps) {
  const then = isThen(at);
  return (
    <>
      {then && (
        <div
          role="status"
          className="mb-3 flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-l-4 border-gentian bg-gentian-wash px-4 py-2 text-gentian"
        >
          <p>
            <b className="font-semibold">Not as it stands now.</b> This page shows the course {historyText(at)}.
          </p>
          <button type="button" className="button text-ink print:hidden" onClick={() => onChange({})}>
            Back to now
          </button>
        </div>
      )}
      <details open={then} className="mb-5 print:hidden">
        <summary className="w-fit text-soft hover:text-ink">As it was known at another time</summary>
        {/* Another time from outside, as from a link in the history, is what the fields show then. */}
        <AsOfForm key={`${at.asOf} ${at.knownAt}`} at={at} onChange={onChange} />
      </details>
    </>
  );
}

function AsOfForm({ at, onChange }: AsOfBarProps) {
  const now = useQuery(chainQuery).data?.now ?? '';
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    onChange({ asOf: formText(form, 'asOf') || undefined, knownAt: knownAtOf(formText(form, 'knownAt'), now) });
  };
  return (
    <form aria-label="Another time" onSubmit={submit} className="mt-2 flex flex-wrap items-end gap-3">
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">On record by, UTC</span>
        <input
          type="datetime-local"
          name="knownAt"
          className="field"
          max={typedOf(now)}
          defaultValue={typedOf(at.knownAt)}
        />
      </label>
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">Happened by the end of, at the site</span>
        <input type="date" name="asOf" className="field" defaultValue={at.asOf?.slice(0, 10)} />
      </label>
      <button type="submit" className="button">
        Show
      </button>
    </form>
  );
}
