import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { AdverseEventsTable } from '../adverse-event/adverse-events-table.js';
import { adverseEventsQuery } from '../api/adverse-events.js';
import { keyOf } from '../api/common.js';
import { coursesQuery, type Waiting } from '../api/courses.js';
import { recallsQuery } from '../api/recalls.js';
import { sitesQuery } from '../api/sites.js';
import { RecallsTable } from '../recall/recalls-table.js';
import { Select } from '../ui/controls.js';
import { rememberSite } from '../ui/current-site.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { countText } from './count-text.js';
import { WaitingSection } from './waiting-section.js';
import { WaitingTable } from './waiting-table.js';

const route = getRouteApi('/waiting');

/** What nobody but a person can decide, derived from the record: it leaves the list once it is decided. */
export function WaitingPage() {
  const { site } = route.useSearch();
  const sections = [
    useAdverseEvents(site),
    useCourses('review', site),
    useCourses('reaction', site),
    useCourses('lapse', site),
    useRecalls(),
  ];
  return (
    <>
      <PageHeader title="Waiting for a person" actions={<PrintButton />}>
        What the record shows to be open. It leaves this list once somebody has decided it.
      </PageHeader>
      <div className="mb-6 flex flex-wrap items-end gap-x-6 gap-y-3 print:hidden">
        <SiteSelect site={site} />
        <nav aria-label="On this page">
          <ul className="flex flex-wrap gap-x-5 gap-y-1 py-1.5">
            {sections.map(({ id, title, count }) => (
              <li key={id}>
                <a href={`#${id}`} className="link">
                  {title}
                </a>{' '}
                <b className="font-semibold">{count}</b>
              </li>
            ))}
          </ul>
        </nav>
      </div>
      <div className="space-y-10">
        {sections.map(({ id, section }) => (
          <div key={id}>{section}</div>
        ))}
      </div>
    </>
  );
}

function SiteSelect({ site }: { site: string | undefined }) {
  const navigate = route.useNavigate();
  const sites = useQuery(sitesQuery).data ?? [];
  return (
    <Select
      label="Site"
      value={site}
      all="All sites"
      options={sites.map((one) => ({ value: keyOf(one), label: one.name }))}
      onChange={(key) => {
        rememberSite(key);
        void navigate({ search: { site: key }, replace: true });
      }}
    />
  );
}

interface Section {
  id: string;
  title: string;
  count: string;
  section: ReactNode;
}

const COURSES: Record<Waiting, { title: string; why: string; none: string }> = {
  review: {
    title: 'Sessions to review',
    why: 'Something became known that speaks against a session that was performed. A physician reviews it.',
    none: 'No performed session waits for a review.',
  },
  reaction: {
    title: 'Reactions to judge',
    why: 'A reaction lasts longer than the protocol expects. Somebody says whether it is an adverse event.',
    none: 'No reaction waits to be judged.',
  },
  lapse: {
    title: 'Courses that may have lapsed',
    why: 'No session for longer than the protocol allows. Somebody decides whether the course goes on.',
    none: 'No active course is late.',
  },
};

function useCourses(waiting: Waiting, site: string | undefined): Section {
  const query = useInfiniteQuery({ ...coursesQuery({ site, waiting }), placeholderData: keepPreviousData });
  const about = { id: waiting, ...COURSES[waiting] };
  return {
    ...about,
    count: countText(query),
    section: (
      <WaitingSection {...about} query={query} what="courses">
        {(courses) => <WaitingTable courses={courses} waiting={waiting} title={about.title} />}
      </WaitingSection>
    ),
  };
}

function useAdverseEvents(site: string | undefined): Section {
  const query = useInfiniteQuery({
    ...adverseEventsQuery({ state: 'open', site }),
    placeholderData: keepPreviousData,
  });
  const about = {
    id: 'adverse-events',
    title: 'Open adverse events',
    why: 'Each has an owner, and a last day for the report to the authority. The next session waits until a physician has closed it.',
    none: 'No adverse event is open.',
  };
  return {
    ...about,
    count: countText(query),
    section: (
      <WaitingSection {...about} query={query} what="adverse events">
        {(events) => <AdverseEventsTable events={events} />}
      </WaitingSection>
    ),
  };
}

function useRecalls(): Section {
  const query = useInfiniteQuery(recallsQuery);
  const about = { id: 'recalls', title: 'Recalls', none: 'No lot was ever recalled.' };
  const why = (
    <>
      Of the whole chain, the newest first. Any other lot can be{' '}
      <Link to="/lots/trace" className="link">
        traced
      </Link>
      , too.
    </>
  );
  return {
    ...about,
    count: countText(query),
    section: (
      <WaitingSection {...about} why={why} query={query} what="recalls">
        {(recalls) => <RecallsTable recalls={recalls} />}
      </WaitingSection>
    ),
  };
}
