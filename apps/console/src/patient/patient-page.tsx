import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { coursesQuery } from '../api/courses.js';
import { type Patient, patientQuery, timelineQuery } from '../api/patients.js';
import { CourseStatusChip } from '../ui/chips.js';
import { LoadMore } from '../ui/controls.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { CourseLink, SiteName } from '../ui/names.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { ProgressDots } from '../ui/progress-dots.js';
import { PatientCard } from './patient-card.js';
import { PatientTimeline } from './patient-timeline.js';

const route = getRouteApi('/patients/$patient');

/** One patient: who, which courses, and everything that happened, newest first. */
export function PatientPage() {
  const { patient } = route.useParams();
  const query = useQuery(patientQuery(patient));
  return (
    <Loaded query={query} lines={10}>
      {(data) => (
        <>
          <PageHeader title={data.name ?? 'Erased patient'} tabTitle={data.code ?? 'Patient'} actions={<PrintButton />}>
            <span className="code">{data.code}</span>
          </PageHeader>
          <div className="lg:grid lg:grid-cols-[17rem_minmax(0,1fr)] lg:gap-10">
            <div>
              <PatientCard patient={data} />
              <PatientCourses patient={data} />
            </div>
            <Timeline patient={patient} />
          </div>
        </>
      )}
    </Loaded>
  );
}

function PatientCourses({ patient }: { patient: Patient }) {
  const query = useInfiniteQuery(coursesQuery({ patient: patient.id }));
  return (
    <section aria-labelledby="courses" className="mb-8">
      <h2 id="courses" className="mb-2 text-lg font-semibold">
        Courses
      </h2>
      <Loaded query={query} lines={3}>
        {(data) => {
          const courses = data.pages.flatMap((page) => page.items);
          if (courses.length === 0) return <p className="text-soft">No course yet.</p>;
          return (
            <>
              <ul className="border-t border-line">
                {courses.map((course) => (
                  <li key={course.id} className="border-b border-line py-2">
                    <span className="flex items-center justify-between gap-2">
                      <CourseLink course={course} />
                      <CourseStatusChip status={course.status} />
                    </span>
                    <span className="flex flex-wrap items-center justify-between gap-x-2 text-xs text-soft">
                      <span>
                        {words(course.protocol)}, <SiteName site={course.site} />
                      </span>
                      <ProgressDots
                        planned={course.planned}
                        performed={course.performed}
                        maintenance={course.maintenancePerformed}
                      />
                    </span>
                  </li>
                ))}
              </ul>
              <LoadMore query={query} what="courses" />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function Timeline({ patient }: { patient: string }) {
  const query = useInfiniteQuery(timelineQuery(patient));
  return (
    <section aria-labelledby="timeline" className="min-w-0">
      <h2 id="timeline" className="mb-2 text-lg font-semibold">
        What happened
      </h2>
      <Loaded query={query} lines={12}>
        {(data) => (
          <>
            <PatientTimeline items={data.pages.flatMap((page) => page.items)} />
            <LoadMore query={query} what="of the history" />
          </>
        )}
      </Loaded>
    </section>
  );
}
