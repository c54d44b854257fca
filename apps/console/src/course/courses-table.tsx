import type { CourseProgress } from '../api/courses.js';
import { CourseStatusChip, DeviationChips, StateMark } from '../ui/chips.js';
import { CourseCells } from './course-cells.js';
import { formatDateNear, formatSpan, formatTime, relativeDay } from '../ui/dates.js';
import { SiteName } from '../ui/names.js';
import { ProgressDots } from '../ui/progress-dots.js';
import { followRow } from '../ui/row-navigation.js';
import { useToday } from '../ui/use-today.js';

/** Courses with their progress as points, what comes next, and what deviated. */
export function CoursesTable({ courses }: { courses: CourseProgress[] }) {
  const today = useToday();
  return (
    <table className="ledger" data-sticky>
      <caption className="sr-only">Courses with progress, next window, state and deviations</caption>
      <thead>
        <tr>
          <th scope="col">Course</th>
          <th scope="col" className="max-md:hidden">
            Patient
          </th>
          <th scope="col" className="max-lg:hidden">
            Site
          </th>
          <th scope="col">Performed of planned</th>
          <th scope="col" className="max-md:hidden">
            Next
          </th>
          <th scope="col" className="max-md:hidden">
            State
          </th>
          <th scope="col" className="max-md:hidden">
            Deviations
          </th>
        </tr>
      </thead>
      <tbody>
        {courses.map((course) => (
          <tr key={course.id} data-row onClick={followRow}>
            <CourseCells course={course} />
            <td className="max-lg:hidden">
              <SiteName site={course.site} />
            </td>
            <td>
              <ProgressDots
                planned={course.planned}
                performed={course.performed}
                maintenance={course.maintenancePerformed}
              />
              <span className="block text-xs text-faint">{span(course)}</span>
              <span className="mt-1 block md:hidden">
                <CourseStatusChip status={course.status} />{' '}
                {today && hasNext(course) && <Next course={course} today={today} />}
                {Object.keys(course.deviations).length > 0 && <DeviationChips deviations={course.deviations} />}
              </span>
            </td>
            <td className="max-md:hidden">{today && <Next course={course} today={today} />}</td>
            <td className="max-md:hidden">
              <CourseStatusChip status={course.status} />
            </td>
            <td className="max-md:hidden">
              <DeviationChips deviations={course.deviations} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function span(course: CourseProgress): string {
  if (!course.first || !course.last) return 'No session yet';
  return formatSpan(course.first, course.last);
}

const hasNext = (course: CourseProgress): boolean =>
  Boolean(course.booked ?? course.nextEarliest ?? course.maintenance);

/** What comes next: a booked session, else the earliest day of one, else the maintenance window. */
function Next({ course, today }: { course: CourseProgress; today: string }) {
  if (course.booked) {
    return (
      <Lines
        first={
          <span className="font-semibold text-sage">
            {formatDateNear(course.booked.at, today)} {formatTime(course.booked.at)}
          </span>
        }
        second={`booked, ${relativeDay(course.booked.at, today)}`}
      />
    );
  }
  if (course.nextEarliest) {
    const open = course.nextEarliest <= today;
    return (
      <Lines
        first={`from ${formatDateNear(course.nextEarliest, today)}`}
        second={open ? 'possible now' : relativeDay(course.nextEarliest, today)}
      />
    );
  }
  if (course.maintenance) {
    const { opens, closes, state } = course.maintenance;
    return (
      <Lines first={<StateMark state={state} label={`Maintenance ${state}`} />} second={formatSpan(opens, closes)} />
    );
  }
  return <span className="text-faint">–</span>;
}

function Lines({ first, second }: { first: React.ReactNode; second: string }) {
  return (
    <>
      <span className="block whitespace-nowrap">{first}</span>
      <span className="text-xs whitespace-nowrap text-faint">{second}</span>
    </>
  );
}
