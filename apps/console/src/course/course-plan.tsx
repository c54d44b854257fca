import type { CourseDetail } from '../api/courses.js';
import { words } from '../ui/labels.js';
import { Term, Terms } from '../ui/term.js';
import { daysText } from './interval-windows.js';

/** What the physician chose inside the protocol's ranges, and what was left to the protocol. */
export function CoursePlan({ course }: { course: CourseDetail }) {
  const { areas, products, device, intervalDays } = course.plan;
  return (
    <section aria-labelledby="plan">
      <h2 id="plan" className="mb-1 text-lg font-semibold">
        Plan
      </h2>
      <Terms>
        <Term name="Sessions">{course.planned}</Term>
        <Term name="Areas">{areas ? areas.map(words).join(', ') : <LeftOpen />}</Term>
        <Term name="Products">{products ? products.join(', ') : <LeftOpen />}</Term>
        <Term name="Device">{device ? words(device) : <LeftOpen />}</Term>
        <Term name="Between sessions">
          {intervalDays && `${daysText(intervalDays)}, chosen`}
          {!intervalDays && (course.intervalDays ? `${daysText(course.intervalDays)}, by the protocol` : <LeftOpen />)}
        </Term>
      </Terms>
    </section>
  );
}

const LeftOpen = () => <span className="text-faint">left to the protocol</span>;
