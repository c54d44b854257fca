import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { FormEvent, ReactNode } from 'react';
import { sessionQuery } from '../api/access.js';
import { keyOf } from '../api/common.js';
import { type ComplianceReport, type ReportAsked, reportQuery, reportUrl } from '../api/reports.js';
import { sitesQuery } from '../api/sites.js';
import { Badge, WarningChip } from '../ui/chips.js';
import { formatDate } from '../ui/dates.js';
import { formText } from '../ui/form-text.js';
import { DownloadIcon } from '../ui/icons.js';
import { deviationName, plural, shortId, words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';

const route = getRouteApi('/report');

/** What happened at a site in a period, computed from a checkpoint, with what proves it. */
export function ReportPage() {
  const { site, from, to, checkpoint } = route.useSearch();
  const asked = from !== undefined && to !== undefined ? { site, from, to, checkpoint } : undefined;
  return (
    <>
      <PageHeader title="Compliance report" actions={asked && <PrintButton />}>
        Sessions, adverse events and recalls of a period, computed from the log up to a checkpoint. Computed from there
        again it is the same to the byte.
      </PageHeader>
      <Ask />
      {asked && <Report asked={asked} />}
    </>
  );
}

function Ask() {
  const { site, from, to } = route.useSearch();
  const navigate = route.useNavigate();
  const sites = useQuery(sitesQuery).data ?? [];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const [of, first, last] = ['site', 'from', 'to'].map((name) => formText(form, name));
    void navigate({ search: { site: of || undefined, from: first, to: last } });
  };
  return (
    <form
      key={`${site} ${sites.length}`}
      onSubmit={submit}
      className="mb-8 flex flex-wrap items-end gap-4 print:hidden"
    >
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">Site</span>
        <select name="site" defaultValue={site ?? ''} className="field pr-7">
          <option value="">All sites</option>
          {sites.map((one) => (
            <option key={one.id} value={keyOf(one)}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">From</span>
        <input type="date" name="from" required defaultValue={from} className="field" />
      </label>
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">To, included</span>
        <input type="date" name="to" required defaultValue={to} className="field" />
      </label>
      <button type="submit" className="button" data-primary>
        Compute the report
      </button>
    </form>
  );
}

function Report({ asked }: { asked: ReportAsked }) {
  const query = useQuery(reportQuery(asked));
  const mayExport = useQuery(sessionQuery).data?.permissions.includes('evidence.export') ?? false;
  return (
    <Loaded query={query} lines={8}>
      {(report) => {
        // What is taken as a file is what is shown, however the log has grown since.
        const shown = { ...asked, checkpoint: String(report.checkpoint.size) };
        return (
          <>
            <div className="mb-6 flex max-w-3xl flex-wrap items-center gap-x-4 gap-y-2 border-l-4 border-gentian-mid bg-surface px-4 py-3">
              <p className="min-w-0">
                {formatDate(report.from)} to {formatDate(report.to)}, from the checkpoint of{' '}
                <b className="font-semibold">{plural(report.checkpoint.size, 'event')}</b>
                <span className="code block break-all text-faint">{report.checkpoint.root}</span>
              </p>
              <span className="flex flex-wrap gap-2 print:hidden">
                <a
                  className="button"
                  href={reportUrl('report', shown)}
                  download={`compliance-${asked.from}-${asked.to}.json`}
                >
                  <DownloadIcon />
                  Report
                </a>
                {mayExport && (
                  <a className="button" href={reportUrl('evidence', shown)} download>
                    <DownloadIcon />
                    Evidence
                  </a>
                )}
              </span>
            </div>
            <Sessions report={report} />
            <AdverseEvents report={report} />
            <Recalls report={report} />
          </>
        );
      }}
    </Loaded>
  );
}

function Section({ id, title, says, children }: { id: string; title: string; says: string; children?: ReactNode }) {
  return (
    <section aria-labelledby={id} className="mb-8">
      <h2 id={id} className="mb-1 text-lg font-semibold">
        {title}
      </h2>
      <p className="mb-2 text-soft">{says}</p>
      {children}
    </section>
  );
}

function Sessions({ report: { sessions } }: { report: ComplianceReport }) {
  const { performed, maintenance, patients, againstARule, byRule } = sessions;
  const says = `${plural(performed, 'session')} performed for ${plural(patients, 'patient')}, ${maintenance} of them maintenance; ${againstARule} against a rule, with a reason.`;
  return (
    <Section id="sessions" title="Sessions" says={says}>
      {byRule.length > 0 && (
        <table className="ledger max-w-xl">
          <caption className="sr-only">Rules that were overridden, with how often</caption>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col" className="num">
                Sessions
              </th>
            </tr>
          </thead>
          <tbody>
            {byRule.map(({ rule, positions }) => (
              <tr key={rule}>
                <th scope="row">{deviationName(rule)}</th>
                <td className="num">{positions.length}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function AdverseEvents({ report: { adverseEvents } }: { report: ComplianceReport }) {
  const { all, inTime, late, overdue, open, items } = adverseEvents;
  const says = `${plural(all, 'adverse event')}: ${inTime} reported to the authority in time, ${late} late, ${overdue} overdue, ${open} with time left.`;
  return (
    <Section id="adverse-events" title="Adverse events" says={says}>
      {items.length > 0 && (
        <table className="ledger">
          <caption className="sr-only">Adverse events with the last day for the report, and when it was made</caption>
          <thead>
            <tr>
              <th scope="col">Onset</th>
              <th scope="col">What</th>
              <th scope="col">Record</th>
              <th scope="col">To be reported by</th>
              <th scope="col">Reported</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={item.adverseEventId}>
                <td className="whitespace-nowrap">{formatDate(item.onsetOn)}</td>
                <th scope="row">
                  {words(item.kind)}
                  {item.severity && <span className="text-soft">, {item.severity}</span>}
                </th>
                <td>
                  <RecordLink patient={item.patientId} />
                </td>
                <td className="whitespace-nowrap">{formatDate(item.reportBy)}</td>
                <td className="whitespace-nowrap">{item.toldOn ? formatDate(item.toldOn) : '–'}</td>
                <td>
                  {item.state === 'late' || item.state === 'overdue' ? (
                    <WarningChip>{words(item.state)}</WarningChip>
                  ) : (
                    <Badge>{words(item.state)}</Badge>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Recalls({ report: { recalls } }: { report: ComplianceReport }) {
  return (
    <Section id="recalls" title="Recalls" says={`${plural(recalls.all, 'recall')} in the period.`}>
      {recalls.items.length > 0 && (
        <table className="ledger">
          <caption className="sr-only">Recalls with how many of those concerned were told</caption>
          <thead>
            <tr>
              <th scope="col">Recalled</th>
              <th scope="col">Lot</th>
              <th scope="col" className="num">
                Concerned
              </th>
              <th scope="col" className="num">
                Told
              </th>
              <th scope="col">Not told</th>
            </tr>
          </thead>
          <tbody>
            {recalls.items.map(({ recallId, recalledOn, product, lotNumber, reference, patients, told, notTold }) => (
              <tr key={recallId}>
                <td className="whitespace-nowrap">{formatDate(recalledOn)}</td>
                <th scope="row">
                  {product} <span className="code">{lotNumber}</span>
                  <span className="block text-xs text-faint">{reference}</span>
                </th>
                <td className="num">{patients}</td>
                <td className="num">{told}</td>
                <td>
                  <span className="flex flex-wrap gap-x-3">
                    {notTold.map((patient) => (
                      <RecordLink key={patient} patient={patient} />
                    ))}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

const RecordLink = ({ patient }: { patient: string }) => (
  <Link to="/patients/$patient" params={{ patient }} className="link code">
    {shortId(patient)}
  </Link>
);
