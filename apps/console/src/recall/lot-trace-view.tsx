import type { LotTrace, Recall } from '../api/recalls.js';
import { formatDate } from '../ui/dates.js';
import { plural, words } from '../ui/labels.js';
import { SiteName } from '../ui/names.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { Term, Terms } from '../ui/term.js';
import { RecallChip } from './recall-chip.js';
import { AdverseEventsAfter, Patients, Practitioners, Sessions, Sites, Told } from './trace-lists.js';

interface LotTraceViewProps {
  trace: LotTrace;
  title: string;
}

/** What a lot touched: first the counts and what is still to come, then everything that has been. */
export function LotTraceView({ trace, title }: LotTraceViewProps) {
  const { recall, receipts } = trace;
  return (
    <>
      <PageHeader title={title} actions={<PrintButton />}>
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <b className="font-semibold text-ink">{trace.product}</b>
          <RecallChip recall={recall} />
        </span>
      </PageHeader>
      {recall && <Notices recall={recall} />}
      <Counts trace={trace} />
      <div className="space-y-8">
        <Sessions list="planned" trace={trace} />
        <Patients trace={trace} />
        <Sessions list="sessions" trace={trace} />
        <AdverseEventsAfter trace={trace} />
        <div className="grid gap-8 lg:grid-cols-2">
          <Sites trace={trace} />
          <Practitioners trace={trace} />
        </div>
        {receipts.length > 0 && <Receipts receipts={receipts} />}
        <Told trace={trace} />
      </div>
    </>
  );
}

function Notices({ recall }: { recall: Recall }) {
  return (
    <section aria-label="Notices" className="mb-6">
      <ul className="border-t border-line">
        {recall.notices.map((notice) => (
          <li key={notice.entryId} className="border-b border-line py-1.5">
            <b className="font-semibold">Recalled from {formatDate(notice.recalledOn)} on</b>:{' '}
            {words(notice.cause).toLowerCase()}, notice <span className="code">{notice.reference}</span>
            {notice.gtin && (
              <>
                , GTIN <span className="code">{notice.gtin}</span>
              </>
            )}
            {notice.lift && (
              <span className="block text-soft">
                Lifted from {formatDate(notice.lift.liftedOn)} on, notice{' '}
                <span className="code">{notice.lift.reference}</span>
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Counts({ trace: { counts, volumeMl, recall } }: { trace: LotTrace }) {
  const number = (n: number, isBad = false) => (
    <span className={`text-xl leading-6 font-semibold ${isBad && n > 0 ? 'text-iodine' : ''}`}>
      {n.toLocaleString('en')}
    </span>
  );
  return (
    <Terms>
      <Term name="Sessions">{number(counts.sessions)}</Term>
      <Term name="Patients">{number(counts.patients)}</Term>
      {recall && (
        <Term name="Told, not told">
          {number(counts.told)} <span className="text-faint">and</span> {number(counts.notTold, true)}
        </Term>
      )}
      <Term name="Still planned on it">{number(counts.planned, recall?.status === 'recalled')}</Term>
      <Term name="Adverse events after it">{number(counts.adverseEvents, true)}</Term>
      <Term name="Sites">{number(counts.sites)}</Term>
      <Term name="Practitioners">{number(counts.practitioners)}</Term>
      <Term name="Used">
        <span className="block text-xl leading-6 font-semibold">{volumeMl.toLocaleString('en')} ml</span>
        {counts.volumeUnknown > 0 && (
          <span className="text-xs text-faint">and {plural(counts.volumeUnknown, 'session')} without a volume</span>
        )}
      </Term>
    </Terms>
  );
}

const ml = (volume: number | null) =>
  volume === null ? <span className="text-faint">–</span> : volume.toLocaleString('en');

function Receipts({ receipts }: Pick<LotTrace, 'receipts'>) {
  return (
    <section aria-labelledby="receipts">
      <h2 id="receipts" className="mb-1 text-lg font-semibold">
        As sites received it
      </h2>
      <table className="ledger">
        <caption className="sr-only">Receipts of the lot with expiry and volumes in ml</caption>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">Received</th>
            <th scope="col" className="max-sm:hidden">
              Expires
            </th>
            <th scope="col" className="num max-md:hidden">
              Received, ml
            </th>
            <th scope="col" className="num max-md:hidden">
              Used, ml
            </th>
            <th scope="col" className="num max-md:hidden">
              Wasted, ml
            </th>
            <th scope="col" className="num">
              Left, ml
            </th>
          </tr>
        </thead>
        <tbody>
          {receipts.map((receipt) => (
            <tr key={receipt.lotId}>
              <th scope="row">
                <SiteName site={receipt.site} />
              </th>
              <td>{formatDate(receipt.receivedOn)}</td>
              <td className="max-sm:hidden">{formatDate(receipt.expiresOn)}</td>
              <td className="num max-md:hidden">{ml(receipt.receivedMl)}</td>
              <td className="num max-md:hidden">{ml(receipt.usedMl)}</td>
              <td className="num max-md:hidden">{ml(receipt.wastedMl)}</td>
              <td className={`num ${receipt.excessMl ? 'font-semibold text-iodine' : ''}`}>
                {receipt.excessMl ? `${receipt.excessMl.toLocaleString('en')} too much` : ml(receipt.leftMl)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
