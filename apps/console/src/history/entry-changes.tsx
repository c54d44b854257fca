import { Link } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import type { Correction, FieldChange, Retraction, TimelineItem } from '../api/timeline.js';
import { momentBefore } from '../course/as-of.js';
import { occurredText } from '../patient/timeline.grouping.js';
import { formatInstant } from '../ui/dates.js';
import { fieldName, valueText } from './change-text.js';

/** What was said about an entry after it was made: each correction with what it changed, and what took the entry back. */
export function EntryChanges({ item }: { item: TimelineItem }) {
  const { corrections, retracted } = item;
  if (corrections.length === 0 && !retracted) return null;
  return (
    <ul className="mt-1.5 space-y-1.5 border-l-2 border-gentian-mid pl-3">
      {corrections.map((correction) => (
        <li key={correction.eventId}>
          <ByWhom what="Corrected" change={correction} item={item} />
          <Changes changed={correction.changed} />
          {correction.retracted && (
            <p className="text-iodine">
              <ByWhom what="That correction was taken back" change={correction.retracted} item={item} />
            </p>
          )}
        </li>
      ))}
      {item.entered && <AsEntered item={item} entered={item.entered} />}
      {retracted && (
        <li className="text-iodine">
          <ByWhom what="Taken back: it never happened" change={retracted} item={item} />
        </li>
      )}
    </ul>
  );
}

interface ByWhomProps {
  what: string;
  change: Retraction | Correction;
  item: TimelineItem;
}

function ByWhom({ what, change, item }: ByWhomProps) {
  return (
    <span className="block">
      <b className="font-semibold">{what}</b> {formatInstant(change.recordedAt)}, by {change.actor}:{' '}
      {change.reason === null ? <em className="text-faint">reason erased</em> : `“${change.reason}”`}
      {item.course && (
        <>
          {' '}
          <Link
            to="/courses/$course"
            params={{ course: keyOf(item.course) }}
            search={{ knownAt: momentBefore(change.recordedAt) }}
            className="link whitespace-nowrap text-soft print:hidden"
          >
            as known before
          </Link>
        </>
      )}
    </span>
  );
}

function Changes({ changed }: { changed: FieldChange[] }) {
  if (changed.length === 0) return <p className="text-faint">It changed nothing.</p>;
  return (
    <dl>
      {changed.map(({ field, before, after }) => (
        <div key={field} className="flex flex-wrap items-baseline gap-x-1.5">
          <dt className="text-faint">{fieldName(field)}</dt>
          <dd className="min-w-0 break-words">
            <span className="sr-only">before: </span>
            <del className="text-soft">{valueText(field, before)}</del>
            <span aria-hidden="true"> → </span>
            <span className="sr-only">, after: </span>
            <ins className="font-semibold no-underline">{valueText(field, after)}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Where it was first entered under another day or sentence, which the fields alone do not say. */
function AsEntered({ item, entered }: { item: TimelineItem; entered: NonNullable<TimelineItem['entered']> }) {
  const isSame = entered.title === item.title && occurredText(entered) === occurredText(item);
  if (isSame) return null;
  return (
    <li className="text-soft">
      First entered as “{entered.title}”, {occurredText(entered)}
    </li>
  );
}
