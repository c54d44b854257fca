import type { OutboxItem } from '../api/outbox.js';
import { formatWall } from '../ui/dates.js';
import { channelName, languageName, messageKind } from '../ui/labels.js';
import { CourseLink, PatientLink } from '../ui/names.js';

/** A message as the patient reads it. */
export function Letter({ item }: { item: OutboxItem }) {
  return (
    <article className="border border-line bg-surface" lang={item.language}>
      <header className="border-b border-line px-5 py-4" lang="en">
        <h2 className="text-lg font-semibold" lang={item.subject ? item.language : 'en'}>
          {item.subject ?? messageKind(item.kind)}
        </h2>
        <p className="mt-1 text-soft">
          To <PatientLink patient={item.patient} />
          {item.to && `, ${item.to}`}
        </p>
        <p className="text-xs text-faint">
          {channelName(item.channel)} in {languageName(item.language)}, sent{' '}
          <span title={item.sentWall.zone}>{formatWall(item.sentWall.wall)}</span>
          {item.course && (
            <>
              , course <CourseLink course={item.course} />
            </>
          )}
        </p>
      </header>
      {item.body === null ? (
        <p className="px-5 py-5 text-faint italic" lang="en">
          The text was erased with the patient.
        </p>
      ) : (
        <p className="max-w-[68ch] px-5 py-5 text-[0.9375rem] leading-relaxed wrap-anywhere whitespace-pre-wrap">
          {item.body}
        </p>
      )}
    </article>
  );
}
