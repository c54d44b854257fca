import { Link } from '@tanstack/react-router';
import type { AdverseEvent } from '../api/adverse-events.js';
import { formatDate, relativeDay } from '../ui/dates.js';
import { plural, words } from '../ui/labels.js';
import { PatientLink, PersonName, SiteName } from '../ui/names.js';
import { useToday } from '../ui/use-today.js';

interface AdverseEventsTableProps {
  events: AdverseEvent[];
  /** They are of one patient, who stands over them. */
  ofPatient?: boolean;
}

/** Adverse events with who sees to each, and by when the authority is to know. */
export function AdverseEventsTable({ events, ofPatient = false }: AdverseEventsTableProps) {
  const today = useToday();
  return (
    <table className="ledger">
      <caption className="sr-only">Adverse events with owner and last day for the report to the authority</caption>
      <thead>
        <tr>
          <th scope="col">{ofPatient ? 'What' : 'Patient and what'}</th>
          <th scope="col" className="max-md:hidden">
            Since
          </th>
          <th scope="col" className="max-md:hidden">
            Owner
          </th>
          <th scope="col">Report to the authority</th>
          {ofPatient && <th scope="col">State</th>}
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.id}>
            <th scope="row">
              {!ofPatient && (
                <span className="block">
                  <PatientLink patient={event.patient} row />
                </span>
              )}
              <What event={event} />
              <span className="block text-xs text-soft md:hidden">
                since {formatDate(event.onsetOn)}, <PersonName person={event.owner} />
              </span>
            </th>
            <td className="whitespace-nowrap max-md:hidden">
              {formatDate(event.onsetOn)}
              <span className="block text-xs text-faint">
                <SiteName site={event.site} />
              </span>
            </td>
            <td className="max-md:hidden">
              <PersonName person={event.owner} />
            </td>
            <td>
              <Report event={event} today={today} />
            </td>
            {ofPatient && (
              <td>
                <Closure event={event} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function What({ event }: { event: AdverseEvent }) {
  const judged = [
    event.severity ?? 'severity not said',
    event.causality ? `caused by the treatment: ${event.causality}` : 'cause not judged',
    event.source === 'follow-up' && 'found by a follow-up',
  ].filter(Boolean);
  return (
    <>
      <b className="font-semibold">{words(event.kind)}</b>
      <span className="block text-xs text-faint">
        {judged.join(', ')}
        {event.courseId && (
          <>
            {', '}
            <Link to="/courses/$course" params={{ course: event.courseId }} className="link">
              its course
            </Link>
          </>
        )}
      </span>
      {event.description !== null && <span className="block text-xs text-soft">“{event.description}”</span>}
    </>
  );
}

function Report({ event, today }: { event: AdverseEvent; today: string | undefined }) {
  const { reportedToAuthority: reported, reportBy, daysOverdue } = event;
  if (reported) {
    return (
      <>
        <span className="text-sage">reported {formatDate(reported.on)}</span>
        <span className="code block text-xs text-faint">{reported.reference}</span>
      </>
    );
  }
  if (event.state === 'closed') return <span className="text-faint">not reported</span>;
  return (
    <>
      <span className="block whitespace-nowrap">by {formatDate(reportBy)}</span>
      {daysOverdue > 0 ? (
        <b className="text-xs font-semibold text-iodine">{plural(daysOverdue, 'day')} overdue</b>
      ) : (
        <span className="text-xs text-faint">{today && relativeDay(reportBy, today)}</span>
      )}
    </>
  );
}

function Closure({ event: { state, closure } }: { event: AdverseEvent }) {
  if (state === 'open') return <b className="font-semibold text-iodine">open</b>;
  return (
    <>
      closed
      {closure && (
        <span className="block text-xs text-faint">
          {words(closure.outcome).toLowerCase()}, <PersonName person={closure.physician} />
        </span>
      )}
    </>
  );
}
