import type { LotTrace } from '../api/recalls.js';
import { formatDate, formatSpan, formatWall } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { CourseLink, PatientLink, PersonName, SiteName } from '../ui/names.js';
import { TraceTable } from './trace-table.js';

interface OfTrace {
  trace: LotTrace;
}

const SESSIONS = {
  planned: { title: 'Sessions still planned on it', none: 'No session is planned on it.' },
  sessions: { title: 'Sessions it was used in', none: 'It was used in no session.' },
} as const;

export function Sessions({ trace, list }: OfTrace & { list: keyof typeof SESSIONS }) {
  return (
    <TraceTable
      list={list}
      lot={trace}
      first={trace[list]}
      {...SESSIONS[list]}
      what="sessions"
      head={
        <>
          <th scope="col">When</th>
          <th scope="col">Patient</th>
          <th scope="col" className="max-sm:hidden">
            Course
          </th>
          <th scope="col" className="max-md:hidden">
            Site and practitioner
          </th>
          {list === 'sessions' && (
            <th scope="col" className="num">
              ml
            </th>
          )}
        </>
      }
      row={(session) => (
        <tr key={`${session.sessionId} ${session.at}`}>
          <th scope="row">{formatWall(session.at)}</th>
          <td>
            <PatientLink patient={session.patient} row />
            <span className="block text-xs sm:hidden">
              <CourseLink course={session.course} />
            </span>
          </td>
          <td className="max-sm:hidden">
            <CourseLink course={session.course} />
          </td>
          <td className="max-md:hidden">
            <SiteName site={session.site} />
            <span className="block text-xs text-faint">
              <PersonName person={session.practitioner} />
            </span>
          </td>
          {list === 'sessions' && (
            <td className="num">{session.volumeMl ?? <span className="text-faint">not said</span>}</td>
          )}
        </tr>
      )}
    />
  );
}

export function Patients({ trace }: OfTrace) {
  const { recall } = trace;
  return (
    <TraceTable
      list="patients"
      lot={trace}
      first={trace.patients}
      title="Patients"
      what="patients"
      none="It touched no patient."
      head={
        <>
          <th scope="col">Patient</th>
          <th scope="col">Treated with it</th>
          <th scope="col" className="num max-sm:hidden">
            Sessions
          </th>
          {recall && <th scope="col">Told of the recall</th>}
        </>
      }
      row={({ patient, firstOn, lastOn, sessions, told }) => (
        <tr key={patient.id}>
          <th scope="row">
            <PatientLink patient={patient} row />
            <span className="block text-xs text-faint">{patient.code}</span>
          </th>
          <td>{formatSpan(firstOn, lastOn)}</td>
          <td className="num max-sm:hidden">{sessions}</td>
          {recall && (
            <td>
              {told ? (
                <span className="text-sage">
                  {formatDate(told.on)}, {words(told.how).toLowerCase()}
                </span>
              ) : (
                <b className="font-semibold text-iodine">not yet</b>
              )}
            </td>
          )}
        </tr>
      )}
    />
  );
}

export function AdverseEventsAfter({ trace }: OfTrace) {
  return (
    <TraceTable
      list="adverse-events"
      lot={trace}
      first={trace.adverseEvents}
      title="Adverse events after it"
      what="adverse events"
      none="None is on record of a patient who was treated with it."
      head={
        <>
          <th scope="col">What</th>
          <th scope="col">Patient</th>
          <th scope="col" className="max-sm:hidden">
            Since
          </th>
          <th scope="col" className="max-md:hidden">
            Site
          </th>
          <th scope="col">State</th>
        </>
      }
      row={(event) => (
        <tr key={event.id}>
          <th scope="row">
            {words(event.kind)}
            <span className="block text-xs text-faint">{event.severity ?? 'severity not said'}</span>
          </th>
          <td>
            <PatientLink patient={event.patient} row />
          </td>
          <td className="max-sm:hidden">{formatDate(event.onsetOn)}</td>
          <td className="max-md:hidden">
            <SiteName site={event.site} />
          </td>
          <td>{event.status === 'open' ? <b className="font-semibold text-iodine">open</b> : 'closed'}</td>
        </tr>
      )}
    />
  );
}

const touchedHead = (name: string) => (
  <>
    <th scope="col">{name}</th>
    <th scope="col" className="num">
      Sessions
    </th>
    <th scope="col" className="num">
      Patients
    </th>
  </>
);

const touched = ({ sessions, patients }: { sessions: number; patients: number }) => (
  <>
    <td className="num">{sessions.toLocaleString('en')}</td>
    <td className="num">{patients.toLocaleString('en')}</td>
  </>
);

export function Sites({ trace }: OfTrace) {
  return (
    <TraceTable
      list="sites"
      lot={trace}
      first={trace.sites}
      title="Sites"
      what="sites"
      none="It was used at no site."
      head={touchedHead('Site')}
      row={(row) => (
        <tr key={row.site.id}>
          <th scope="row">{row.site.name}</th>
          {touched(row)}
        </tr>
      )}
    />
  );
}

export function Practitioners({ trace }: OfTrace) {
  return (
    <TraceTable
      list="practitioners"
      lot={trace}
      first={trace.practitioners}
      title="Practitioners"
      what="practitioners"
      none="Nobody has used it."
      head={touchedHead('Practitioner')}
      row={(row) => (
        <tr key={row.practitioner.id}>
          <th scope="row">
            <PersonName person={row.practitioner} />
          </th>
          {touched(row)}
        </tr>
      )}
    />
  );
}

/** Only of a lot that was recalled. */
export function Told({ trace }: OfTrace) {
  if (!trace.recall) return null;
  return (
    <TraceTable
      list="told"
      lot={trace}
      first={trace.told}
      title="Who has been told"
      what="of those who were told"
      none="Nobody has been told yet."
      head={
        <>
          <th scope="col">Patient</th>
          <th scope="col">On</th>
          <th scope="col">How</th>
        </>
      }
      row={(row) => (
        <tr key={row.entryId}>
          <th scope="row">
            <PatientLink patient={row.patient} row />
          </th>
          <td>{formatDate(row.on)}</td>
          <td>{words(row.how)}</td>
        </tr>
      )}
    />
  );
}
