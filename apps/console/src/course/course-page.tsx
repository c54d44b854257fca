import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { type CourseDetail, courseName, courseQuery } from '../api/courses.js';
import { CourseStatusChip, DeviationChips, StateMark } from '../ui/chips.js';
import { formatDate, formatSpan, formatTime, relativeDay } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PatientLink, PersonName } from '../ui/names.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { ProgressDots } from '../ui/progress-dots.js';
import { useToday } from '../ui/use-today.js';
import { CourseMessages } from './course-messages.js';
import { CourseTimeline } from './course-timeline.js';
import { FollowUpsTable } from './follow-ups-table.js';
import { SessionsTable } from './sessions-table.js';

const route = getRouteApi('/courses/$course');

/** One course: its drawing, its sessions, its follow-ups, what was said to the patient. */
export function CoursePage() {
  const { course } = route.useParams();
  const query = useQuery(courseQuery(course));
  const today = useToday();
  return (
    <Loaded query={query} lines={10}>
      {(data) => (today ? <Course course={data} today={today} /> : null)}
    </Loaded>
  );
}

function Course({ course, today }: { course: CourseDetail; today: string }) {
  return (
    <>
      <PageHeader title={`Course ${courseName(course)}`} actions={<PrintButton />}>
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="text-base font-semibold text-ink">
            <PatientLink patient={course.patient} />
          </span>
          <Link to="/protocols/$code" params={{ code: course.protocol }} className="link">
            {words(course.protocol)}, version {course.protocolVersion}
          </Link>
          <span>
            <Link to="/sites/$site/day" params={{ site: keyOf(course.site) }} className="link">
              {course.site.name}
            </Link>
            , <PersonName person={course.practitioner} />
          </span>
          <CourseStatusChip status={course.status} />
        </span>
      </PageHeader>
      <Standing course={course} today={today} />
      <CourseTimeline course={course} today={today} />
      <SessionsTable course={course} />
      <FollowUpsTable followUps={course.followUps} />
      <CourseMessages course={course} />
    </>
  );
}

/** Where it stands, in the words of the people who ask. */
function Standing({ course, today }: { course: CourseDetail; today: string }) {
  const { maintenance, consent, booked } = course;
  return (
    <dl className="mb-6 grid grid-cols-2 gap-x-8 gap-y-3 sm:grid-cols-3 lg:flex lg:flex-wrap lg:gap-x-10">
      <Term name="Performed of planned">
        <ProgressDots planned={course.planned} performed={course.performed} maintenance={course.maintenancePerformed} />
      </Term>
      <Term name="Consent">
        {consent ? `signed ${formatDate(consent.signedOn)}` : <b className="text-iodine">missing</b>}
      </Term>
      {course.nextEarliest && (
        <Term name="Next session, earliest">
          {formatDate(course.nextEarliest)}{' '}
          <span className="text-faint">{relativeDay(course.nextEarliest, today)}</span>
        </Term>
      )}
      {booked && (
        <Term name="Booked">
          <b className="text-sage">{formatDate(booked.at)}</b> {formatTime(booked.at)}, {booked.site.name}
        </Term>
      )}
      {maintenance && (
        <Term name="Maintenance window">
          <span className="flex flex-wrap items-center gap-x-2">
            <StateMark state={maintenance.state} /> {formatSpan(maintenance.opens, maintenance.closes)}
          </span>
        </Term>
      )}
      <Term name="Deviations">
        <DeviationChips deviations={course.deviations} />
      </Term>
    </dl>
  );
}

function Term({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="text-xs font-medium text-faint">{name}</dt>
      <dd className="mt-0.5">{children}</dd>
    </div>
  );
}
