import type { CourseDetail } from '../api/courses.js';
import { formatSpan } from '../ui/dates.js';
import { intervalWindows } from './interval-windows.js';
import { Products, Response, State, Treatment, When } from './session-cells.js';

/** Every session as it is on record. It holds all that the drawing shows, so that nobody needs the drawing. */
export function SessionsTable({ course }: { course: CourseDetail }) {
  const windows = intervalWindows(course);
  const windowOf = new Map(windows.performed.map((window) => [window.sessionId, window]));
  return (
    <section aria-labelledby="sessions" className="mb-8">
      <h2 id="sessions" className="mb-1 text-lg font-semibold">
        Sessions
      </h2>
      <table className="ledger">
        <caption className="sr-only">
          Sessions with time, treatment, products with lots, response and deviations
        </caption>
        <thead>
          <tr>
            <th scope="col">No.</th>
            <th scope="col">When and where</th>
            <th scope="col" className="max-lg:hidden">
              Within the protocol
            </th>
            <th scope="col" className="max-md:hidden">
              Treatment
            </th>
            <th scope="col" className="max-md:hidden">
              Product and lot
            </th>
            <th scope="col" className="max-lg:hidden">
              Response
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {course.sessions.map((session) => {
            const window = windowOf.get(session.id);
            return (
              <tr key={session.id}>
                <th scope="row" className="font-semibold!">
                  {session.kind === 'maintenance' && (
                    <abbr title="Maintenance session" className="no-underline">
                      M
                    </abbr>
                  )}
                  {session.number}
                </th>
                <td>
                  <When session={session} />
                  <div className="mt-1 text-xs text-soft md:hidden">
                    <Treatment session={session} />
                    <Products session={session} />
                    <Response session={session} />
                  </div>
                </td>
                <td className="whitespace-nowrap text-soft max-lg:hidden">
                  {window ? formatSpan(window.earliest, window.latest) : '–'}
                </td>
                <td className="max-md:hidden">
                  <Treatment session={session} />
                </td>
                <td className="max-md:hidden">
                  <Products session={session} />
                </td>
                <td className="max-lg:hidden">
                  <Response session={session} />
                </td>
                <td>
                  <State session={session} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
