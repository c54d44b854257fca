import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { type CourseDetail, courseName, courseQuery, type HistoryAt } from '../api/courses.js';
import { CourseStatusChip, DeviationChips, StateMark, WarningChip } from '../ui/chips.js';
import { EvidenceLink } from '../ui/evidence-link.js';
import { formatDate, formatSpan, formatTime, relativeDay } from '../ui/dates.js';
import { plural, words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PatientLink, PersonName } from '../ui/names.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { ProgressDots } from '../ui/progress-dots.js';
import { Term, Terms } from '../ui/term.js';
import { useToday } from '../ui/use-today.js';
import { dayOf, historyText, isThen } from './as-of.js';
import { AsOfBar } from './as-of-bar.js';
import { CourseHistory } from './course-history.js';
import { CourseMessages } from './course-messages.js';
import { CoursePlan } from './course-plan.js';
import { StandingPanel } from './course-standing.js';
import { CourseTimeline } from './course-timeline.js';
import { FollowUpsTable } from './follow-ups-table.js';
import { SessionsTable } from './sessions-table.js';

const route = getRouteApi('/courses/$course');

/** One course, as it stands or as it was known: its drawing, its sessions, its follow-ups, its history. */
export function CoursePage() {
  const { course } = route.useParams();
  const { asOf, knownAt } = route.useSearch();
  const at: HistoryAt = { asOf, knownAt };
  const navigate = route.useNavigate();
  const query = useQuery(courseQuery(course, at));
  const today = useToday();
  const bar = <AsOfBar at={at} onChange={(search) => void navigate({ search })} />;
  return (
    <>
      {/* What was not on record then has no page, but there must be a way back. */}
      {query.data === undefined && isThen(at) && (
        <>
          <PageHeader title={`Course ${courseName({ id: course, code: course.length < 32 ? course : null })}`} />
          {bar}
        </>
      )}
      <Loaded query={query} lines={10}>
        {(data) => (today ? <Course course={data} at={at} today={dayOf(at, today)} bar={bar} /> : null)}
      </Loaded>
    </>
  );
}

interface CourseProps {
  course: CourseDetail;
  at: HistoryAt;
  /** The day that the page takes for the present. */
  today: string;
  bar: React.ReactNode;
}

function Course({ course, at, today, bar }: CourseProps) {
  const then = isThen(at);
  const title = `Course ${courseName(course)}`;
  return (
    <>
      <PageHeader
        title={title}
        tabTitle={then ? `${title} ${historyText(at)}` : title}
        actions={
          <>
            <EvidenceLink what="courses" id={course.id} />
            <PrintButton />
          </>
        }
      >
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
      {bar}
      <div className={then ? 'border-l-4 border-gentian-mid pl-4' : ''}>
        <Overview course={course} today={today} />
        <CourseTimeline course={course} today={today} then={then} />
        {!then && <StandingPanel course={course.id} />}
        <SessionsTable course={course} />
        <FollowUpsTable followUps={course.followUps} />
        <CoursePlan course={course} />
        <CourseHistory course={course.id} at={at} />
        {then ? (
          <p className="text-soft">
            Messages, and what stands against the next sessions, are shown as they are now only.
          </p>
        ) : (
          <CourseMessages course={course} />
        )}
      </div>
    </>
  );
}

/** Where it stands, in the words of the people who ask. */
function Overview({ course, today }: { course: CourseDetail; today: string }) {
  const { maintenance, consent, booked, suggestedCourse } = course;
  return (
    <Terms>
      <Term name="Performed of planned">
        <ProgressDots planned={course.planned} performed={course.performed} maintenance={course.maintenancePerformed} />
      </Term>
      <Waits course={course} />
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
      {suggestedCourse && (
        <Term name="New course suggested">
          {formatSpan(suggestedCourse.opens, suggestedCourse.closes)}{' '}
          <span className="text-faint">{suggestedCourse.state}</span>
        </Term>
      )}
      <Term name="Deviations">
        <DeviationChips deviations={course.deviations} />
      </Term>
    </Terms>
  );
}

/** What somebody has to look at; the work list has the same. */
function Waits({ course: { reviews, lastingReactions, lapsingSince } }: { course: CourseDetail }) {
  if (reviews === 0 && lastingReactions === 0 && lapsingSince === null) return null;
  return (
    <Term name="Waits for">
      <span className="flex flex-wrap gap-1">
        {reviews > 0 && <WarningChip>{`Review of ${plural(reviews, 'session')}`}</WarningChip>}
        {lastingReactions > 0 && <WarningChip>{`Judgement of ${plural(lastingReactions, 'reaction')}`}</WarningChip>}
        {lapsingSince && <WarningChip>{`Late since ${formatDate(lapsingSince)}`}</WarningChip>}
      </span>
    </Term>
  );
}
