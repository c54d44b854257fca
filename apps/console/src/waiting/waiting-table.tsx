import type { CourseProgress, Waiting } from '../api/courses.js';
import { CourseCells } from '../course/course-cells.js';
import { formatDate, relativeDay } from '../ui/dates.js';
import { plural } from '../ui/labels.js';
import { PersonName, SiteName } from '../ui/names.js';
import { ProgressDots } from '../ui/progress-dots.js';
import { followRow } from '../ui/row-navigation.js';
import { useToday } from '../ui/use-today.js';

interface WaitingTableProps {
  courses: CourseProgress[];
  waiting: Waiting;
  title: string;
}

/** Courses that wait for one kind of decision, with how much of it. */
export function WaitingTable({ courses, waiting, title }: WaitingTableProps) {
  const today = useToday();
  return (
    <table className="ledger">
      <caption className="sr-only">{title}</caption>
      <thead>
        <tr>
          <th scope="col">Course</th>
          <th scope="col" className="max-md:hidden">
            Patient
          </th>
          <th scope="col" className="max-lg:hidden">
            Site and practitioner
          </th>
          <th scope="col" className="max-md:hidden">
            Performed of planned
          </th>
          <th scope="col">Waits</th>
        </tr>
      </thead>
      <tbody>
        {courses.map((course) => (
          <tr key={course.id} data-row onClick={followRow}>
            <CourseCells course={course} />
            <td className="max-lg:hidden">
              <span className="block">
                <SiteName site={course.site} />
              </span>
              <span className="text-xs text-faint">
                <PersonName person={course.practitioner} />
              </span>
            </td>
            <td className="max-md:hidden">
              <ProgressDots
                planned={course.planned}
                performed={course.performed}
                maintenance={course.maintenancePerformed}
              />
            </td>
            <td>
              <Waits course={course} waiting={waiting} today={today} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface WaitsProps {
  course: CourseProgress;
  waiting: Waiting;
  today: string | undefined;
}

function Waits({ course, waiting, today }: WaitsProps) {
  if (waiting === 'review') return <b className="font-semibold">{plural(course.reviews, 'session')}</b>;
  if (waiting === 'reaction') return <b className="font-semibold">{plural(course.lastingReactions, 'reaction')}</b>;
  // The list goes by the date in UTC: at a site west of it the last day may not be over.
  if (course.lapsingSince === null) return <span className="text-faint">today is the last day</span>;
  return (
    <>
      <b className="block font-semibold whitespace-nowrap">since {formatDate(course.lapsingSince)}</b>
      <span className="text-xs text-faint">{today && relativeDay(course.lapsingSince, today)}</span>
    </>
  );
}
