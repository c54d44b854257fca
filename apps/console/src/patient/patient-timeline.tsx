import type { Person } from '../api/common.js';
import type { TimelineItem } from '../api/timeline.js';
import { EntryChanges } from '../history/entry-changes.js';
import { EntrySignatures } from '../signature/sign-entry.js';
import { Badge, WarningChip } from '../ui/chips.js';
import { formatDate, formatMonth } from '../ui/dates.js';
import { memberName, shortId, words } from '../ui/labels.js';
import { CourseLink, PersonName } from '../ui/names.js';
import { byMonth, dateOf, detailText, recordedText, timeText } from './timeline.grouping.js';

interface PatientTimelineProps {
  items: TimelineItem[];
  /** All are of one course, which stands over them. */
  ofCourse?: boolean;
  /** Other registrations of the patient, under whom some entries stand. */
  others?: readonly Person[];
}

/** By month: what happened in the clinic, when we learned of it where that is another time, and what was corrected. */
export function PatientTimeline({ items, ofCourse = false, others = [] }: PatientTimelineProps) {
  if (items.length === 0) return <p className="text-soft">Nothing is on record yet.</p>;
  return byMonth(items).map(({ month, items: inMonth }) => (
    <section key={`${month} ${inMonth[0]?.position}`} aria-label={formatMonth(`${month}-01`)}>
      <h3 className="border-b border-line pt-4 pb-1 text-sm font-semibold text-soft">{formatMonth(`${month}-01`)}</h3>
      <ol>
        {inMonth.map((item) => (
          <Entry
            key={item.position}
            item={item}
            ofCourse={ofCourse}
            under={others.find(({ id }) => id === item.patientId)}
          />
        ))}
      </ol>
    </section>
  ));
}

const MAJOR = new Set(['SessionPerformed', 'CoursePlanned', 'CourseCompleted', 'CourseStopped', 'FollowUpHeld']);
const WRONG = new Set(['SessionMissed', 'SessionCancelled', 'CourseStopped']);

interface EntryProps {
  item: TimelineItem;
  ofCourse: boolean;
  /** Another registration, where it stands under one. */
  under: Person | undefined;
}

function Entry({ item, ofCourse, under }: EntryProps) {
  const recorded = recordedText(item);
  return (
    <li className="grid break-inside-avoid grid-cols-[4.5rem_1.25rem_minmax(0,1fr)] gap-x-2 sm:grid-cols-[6.5rem_1.25rem_minmax(0,1fr)]">
      <p className="py-2.5 text-right whitespace-nowrap">
        {item.precision === 'unknown' ? (
          <span className="text-faint">no date</span>
        ) : (
          <time dateTime={dateOf(item)} title={item.zone ?? undefined}>
            {formatDate(dateOf(item)).replace(/ \d{4}$/, '')}
          </time>
        )}
        <span className="block text-xs text-faint">{timeText(item)}</span>
      </p>
      <Dot type={item.type} takenBack={item.retracted !== null} />
      <div className="border-b border-line py-2.5">
        <p className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
          {item.retracted ? (
            <del className="text-soft">{item.title}</del>
          ) : (
            <b className="font-semibold">{item.title}</b>
          )}
          {item.retracted && <WarningChip>taken back</WarningChip>}
          {!item.retracted && item.corrections.length > 0 && <Badge>corrected</Badge>}
          {item.origin === 'import' && <Badge>imported</Badge>}
          {under && <Badge>{`under ${under.code ?? shortId(under.id)}`}</Badge>}
        </p>
        <p className="text-soft">
          <Where item={item} ofCourse={ofCourse} />
        </p>
        <Details details={item.details} />
        <EntryChanges item={item} />
        <EntrySignatures item={item} />
        {recorded && (
          <p className="mt-0.5 text-xs text-faint">
            {item.precision === 'derived' && 'date derived, '}
            {recorded}
          </p>
        )}
      </div>
    </li>
  );
}

/** The line through a month's events, with a point for each: full for what moves a course, crossed for what failed or never was. */
function Dot({ type, takenBack }: { type: string; takenBack: boolean }) {
  const isMajor = MAJOR.has(type);
  return (
    <div aria-hidden="true" className="relative">
      <span className="absolute inset-y-0 left-1/2 w-px bg-strong" />
      <svg viewBox="0 0 20 20" className="relative mt-2.5 block size-5">
        {takenBack || WRONG.has(type) ? (
          <>
            <circle cx="10" cy="10" r="8" className="fill-ground" />
            <path d="m6.5 6.5 7 7m0-7-7 7" className="stroke-iodine" strokeWidth="2" />
          </>
        ) : (
          <circle
            cx="10"
            cy="10"
            r={isMajor ? 5 : 3.5}
            className={isMajor ? 'fill-ink' : 'fill-ground stroke-strong'}
            strokeWidth="1.75"
          />
        )}
      </svg>
    </div>
  );
}

function Where({ item, ofCourse }: { item: TimelineItem; ofCourse: boolean }) {
  const parts = [
    item.course && !ofCourse && (
      <span key="course">
        <CourseLink course={item.course} /> {words(item.course.protocol)}
      </span>
    ),
    item.site && <span key="site">{item.site.name}</span>,
    item.practitioner && (
      <span key="practitioner">
        <PersonName person={item.practitioner} />
      </span>
    ),
  ].filter(Boolean);
  return <span className="flex flex-wrap gap-x-3">{parts}</span>;
}

function Details({ details }: { details: TimelineItem['details'] }) {
  const entries = Object.entries(details).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  if (entries.length === 0) return null;
  return (
    <dl className="mt-1 flex flex-wrap gap-x-4 gap-y-0.5">
      {entries.map(([label, value]) => (
        <div key={label} className="flex items-baseline gap-1.5">
          <dt className="text-faint">{memberName(label)}</dt>
          <dd className={/lot/i.test(label) ? 'code' : undefined}>{detailText(label, value)}</dd>
        </div>
      ))}
    </dl>
  );
}
