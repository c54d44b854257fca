import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { courseHistoryQuery, type HistoryAt } from '../api/courses.js';
import type { TimelineItem } from '../api/timeline.js';
import { PatientTimeline } from '../patient/patient-timeline.js';
import { Toggle } from '../ui/controls.js';
import { plural } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';

const isChanged = ({ corrections, retracted }: TimelineItem): boolean => corrections.length > 0 || retracted !== null;

/** Every entry of the course as it reads now, with what was corrected and taken back. */
export function CourseHistory({ course, at }: { course: string; at: HistoryAt }) {
  const query = useQuery(courseHistoryQuery(course, at));
  return (
    <section aria-labelledby="history" className="mb-8">
      <h2 id="history" className="mb-1 text-lg font-semibold">
        History
      </h2>
      <Loaded query={query} lines={5}>
        {({ items }) => <Entries items={items} />}
      </Loaded>
    </section>
  );
}

function Entries({ items }: { items: TimelineItem[] }) {
  const [changedOnly, setChangedOnly] = useState(false);
  const changed = items.filter(isChanged);
  return (
    <details open={changed.length > 0}>
      <summary className="text-soft">
        {plural(items.length, 'entry', 'entries')}
        {changed.length > 0 && `, ${changed.length} of them corrected or taken back`}
      </summary>
      {changed.length > 0 && (
        <p className="mt-2 print:hidden">
          <Toggle pressed={changedOnly} onToggle={() => setChangedOnly(!changedOnly)}>
            Only what was corrected or taken back <span className="font-semibold">{changed.length}</span>
          </Toggle>
        </p>
      )}
      <PatientTimeline items={changedOnly ? changed : items} ofCourse />
    </details>
  );
}
