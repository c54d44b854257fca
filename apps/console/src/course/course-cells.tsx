import type { CourseProgress } from '../api/courses.js';
import { words } from '../ui/labels.js';
import { CourseLink, PatientLink } from '../ui/names.js';

interface OfCourse {
  course: CourseProgress;
}

/** The first cells of a table of courses: which one it is, and whose; on a small screen both stand in the first. */
export function CourseCells({ course }: OfCourse) {
  return (
    <>
      <th scope="row">
        <span className="block">
          <CourseLink course={course} row />
        </span>
        <span className="text-xs text-faint">{words(course.protocol)}</span>
        <span className="block text-xs text-soft md:hidden">
          <PatientLink patient={course.patient} />
        </span>
      </th>
      <td className="max-md:hidden">
        <span className="block">
          <PatientLink patient={course.patient} />
        </span>
        <span className="text-xs text-faint">{course.patient.code}</span>
      </td>
    </>
  );
}
