import { useQuery } from '@tanstack/react-query';
import { type CourseStanding, standingQuery } from '../api/courses.js';
import type { ProblemField } from '../api/http.js';
import { FactTexts } from '../protocols/fact-texts.js';
import { formatWall } from '../ui/dates.js';
import { plural } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';

type Booked = CourseStanding['sessions'][number];

/** Why the booked sessions could not be performed as things stand: each rule, what it rests on, what would be accepted. */
export function StandingPanel({ course }: { course: string }) {
  const query = useQuery(standingQuery(course));
  return (
    <section aria-labelledby="standing" className="mb-8">
      <h2 id="standing" className="mb-1 text-lg font-semibold">
        What stands against the next sessions
      </h2>
      <Loaded query={query} lines={2}>
        {({ sessions }) => {
          if (sessions.length === 0) return <p className="text-soft">No session is booked.</p>;
          const blocked = sessions.filter((session) => session.blocked);
          const free = sessions.length - blocked.length;
          return (
            <>
              {blocked.map((session) => (
                <Blocked key={session.id} session={session} />
              ))}
              {free > 0 && (
                <p className="text-soft">
                  Nothing known stands against {blocked.length > 0 && 'the other '}
                  {plural(free, 'booked session')}.
                </p>
              )}
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function Blocked({ session }: { session: Booked }) {
  const name = `${session.kind === 'maintenance' ? 'Maintenance session' : 'Session'} ${session.number}`;
  return (
    <div className="mb-4">
      <h3 className="mb-1 font-semibold text-iodine">
        {name}
        {session.at && `, ${formatWall(session.at)}`}: blocked, its messages are held
      </h3>
      <table className="ledger">
        <caption className="sr-only">Rules that stand against {name.toLowerCase()}</caption>
        <thead>
          <tr>
            <th scope="col">What stands against it</th>
            <th scope="col" className="max-sm:hidden">
              Accepted
            </th>
            <th scope="col" className="max-md:hidden">
              Published statements
            </th>
          </tr>
        </thead>
        <tbody>
          {session.fields.map((field, n) => (
            <Finding key={`${field.rule} ${n}`} field={field} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Finding({ field }: { field: ProblemField }) {
  const facts = field.facts ?? [];
  return (
    <tr>
      <th scope="row">
        {field.message}
        {field.rule && <span className="code block text-xs text-faint">{field.rule}</span>}
        <span className="block text-xs text-soft md:hidden">
          {field.accepted && <span className="block sm:hidden">Accepted: {field.accepted}</span>}
          <FactTexts ids={facts} />
        </span>
      </th>
      <td className="max-sm:hidden">{field.accepted ?? <span className="text-faint">–</span>}</td>
      <td className="text-xs text-soft max-md:hidden">
        {facts.length > 0 ? <FactTexts ids={facts} /> : <span className="text-faint">the chain’s own rule</span>}
      </td>
    </tr>
  );
}
