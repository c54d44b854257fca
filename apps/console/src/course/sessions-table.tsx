import type { CourseDetail, Session } from '../api/courses.js';
import { DeviationChip, SessionStatusChip } from '../ui/chips.js';
import { formatDate, formatSpan, formatTime } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { PersonName } from '../ui/names.js';
import { intervalWindows } from './interval-windows.js';

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
                  <span className="mt-1 block text-xs text-soft md:hidden">
                    <Treatment session={session} />
                    <Products session={session} />
                  </span>
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
                  <span className="flex flex-wrap gap-1">
                    <SessionStatusChip status={session.status} />
                    {session.deviations.map((kind) => (
                      <DeviationChip key={kind} kind={kind} />
                    ))}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function When({ session }: { session: Session }) {
  return (
    <>
      {session.at ? (
        <span className="block whitespace-nowrap" title={session.zone}>
          <span className="font-semibold">{formatDate(session.at)}</span> {formatTime(session.at)}
        </span>
      ) : (
        <span className="block text-faint">no time yet</span>
      )}
      <span className="text-xs text-faint">
        {session.site.code ?? session.site.name}, <PersonName person={session.practitioner} />
      </span>
    </>
  );
}

function Treatment({ session }: { session: Session }) {
  const measures = [
    session.device && words(session.device),
    session.depthMm !== null && `${session.depthMm} mm`,
    session.durationMinutes !== null && `${session.durationMinutes} min`,
  ].filter(Boolean);
  return (
    <>
      <span className="block">{session.areas.map(words).join(', ')}</span>
      <span className="text-xs text-faint">{measures.join(', ')}</span>
    </>
  );
}

function Products({ session }: { session: Session }) {
  return session.products.map((product) => (
    <span key={`${product.product} ${product.lotNumber}`} className="block">
      {product.product}
      <span className="block text-xs text-faint">
        <span className="code">{product.lotNumber}</span>
        {product.volumeMl !== null && ` · ${product.volumeMl} ml`}
      </span>
    </span>
  ));
}

function Response({ session }: { session: Session }) {
  if (session.status !== 'performed') return null;
  return (
    <>
      <span className="block">{session.painScore === null ? 'Pain not asked' : `Pain ${session.painScore} of 10`}</span>
      <span className="text-xs text-faint">{session.reactions.map(words).join(', ') || 'no reaction'}</span>
    </>
  );
}
