import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { COURSE_STATUSES, type CourseProgress, courseQuery, coursesQuery, DEVIATIONS } from '../api/courses.js';
import { ApiProblem } from '../api/http.js';
import { sitesQuery } from '../api/sites.js';
import { LoadMore, Select } from '../ui/controls.js';
import { rememberSite } from '../ui/current-site.js';
import { deviationName, words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { CourseCodeSearch } from './course-code-search.js';
import { CoursesTable } from './courses-table.js';

const route = getRouteApi('/courses');

/** Where every course stands. */
export function CoursesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const sites = useQuery(sitesQuery).data ?? [];
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, code: undefined, ...change }), replace: true });
  return (
    <>
      <PageHeader title="Courses" actions={<PrintButton />} />
      <div className="mb-4 flex flex-wrap items-end gap-3 print:hidden">
        <CourseCodeSearch key={search.code ?? ''} code={search.code} onSearch={(code) => set({ code })} />
        <Select
          label="Site"
          value={search.site}
          all="All sites"
          options={sites.map((site) => ({ value: keyOf(site), label: site.name }))}
          onChange={(site) => {
            rememberSite(site);
            set({ site });
          }}
        />
        <Select
          label="State"
          value={search.status}
          all="Every state"
          options={COURSE_STATUSES.map((status) => ({ value: status, label: words(status) }))}
          onChange={(status) => set({ status })}
        />
        <Select
          label="Deviation"
          value={search.deviation}
          all="With or without"
          options={DEVIATIONS.map((kind) => ({ value: kind, label: deviationName(kind) }))}
          onChange={(deviation) => set({ deviation })}
        />
      </div>
      {search.code ? <OneCourse code={search.code} onClear={() => set({})} /> : <CourseList />}
    </>
  );
}

function CourseList() {
  const { site, status, deviation } = route.useSearch();
  const query = useInfiniteQuery({
    ...coursesQuery({ site, status, deviation }),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={query} lines={12}>
      {(data) => {
        const courses = data.pages.flatMap((page) => page.items);
        if (courses.length === 0) return <NoCourses filtered={Boolean(site ?? status ?? deviation)} />;
        return (
          <>
            <CoursesTable courses={courses} />
            <LoadMore query={query} what="courses" />
          </>
        );
      }}
    </Loaded>
  );
}

/** The list of one that a search by code brings. */
function OneCourse({ code, onClear }: { code: string; onClear: () => void }) {
  const query = useQuery(courseQuery(code));
  const isUnknown = query.error instanceof ApiProblem && query.error.status === 404;
  const courses: CourseProgress[] = query.data ? [query.data] : [];
  return (
    <>
      <p className="mb-3 text-soft">
        {isUnknown ? `No course has the code ${code}. Codes are matched whole.` : `The course with the code ${code}.`}{' '}
        <button type="button" className="link" onClick={onClear}>
          Show all courses
        </button>
      </p>
      {!isUnknown && <Loaded query={query}>{() => <CoursesTable courses={courses} />}</Loaded>}
    </>
  );
}

function NoCourses({ filtered }: { filtered: boolean }) {
  return (
    <p className="py-6 text-soft">
      {filtered ? (
        'No course fits these filters. Take one of them back.'
      ) : (
        <>
          There are no courses yet. Import a history on the System page, or run{' '}
          <code className="code rounded bg-sunken px-1.5 py-0.5">npm run -s pistor -- import FOLDER</code>
        </>
      )}
    </p>
  );
}
