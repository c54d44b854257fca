import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ImportReport, RefusedLine } from '../api/imports.js';
import { plural } from '../ui/labels.js';
import { csvName } from './history-files.js';

/** So many refused lines are shown at once; a history of a million lines may have thousands. */
const SHOWN = 200;

/** What the import took, what it refused, and what to mend in each refused line. */
export function ImportReportView({ report, onDone }: { report: ImportReport; onDone?: () => void }) {
  const files = Object.entries(report.files);
  const accepted = files.reduce((n, [, counts]) => n + counts.accepted, 0);
  return (
    <section aria-labelledby="report" className="mt-6">
      <h3 id="report" className="mb-1 text-base font-semibold">
        {plural(accepted, 'line')} taken, {report.refused.length.toLocaleString('en')} refused
      </h3>
      <p role="status" className="mb-3 text-soft">
        The import is done.{' '}
        <Link to="/" className="link" onClick={onDone}>
          See the due list
        </Link>
      </p>
      <table className="ledger max-w-2xl">
        <caption className="sr-only">Lines of each file</caption>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" className="num">
              Lines
            </th>
            <th scope="col" className="num">
              Taken
            </th>
            <th scope="col" className="num">
              Repeated
            </th>
            <th scope="col" className="num">
              Refused
            </th>
          </tr>
        </thead>
        <tbody>
          {files.map(([name, counts]) => (
            <tr key={name}>
              <th scope="row" className="code">
                {csvName(name)}
              </th>
              <td className="num">{counts.lines.toLocaleString('en')}</td>
              <td className="num">{counts.accepted.toLocaleString('en')}</td>
              <td className="num text-soft">{counts.repeated.toLocaleString('en')}</td>
              <td className={`num ${counts.refused > 0 ? 'font-semibold text-iodine' : 'text-faint'}`}>
                {counts.refused.toLocaleString('en')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {report.refused.length > 0 && <RefusedLines refused={report.refused} />}
    </section>
  );
}

function RefusedLines({ refused }: { refused: RefusedLine[] }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <h3 className="mt-6 mb-1 text-base font-semibold">Refused lines, and what to mend</h3>
      <table className="ledger">
        <caption className="sr-only">Refused lines with file, line, column, value and what to mend</caption>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" className="num">
              Line
            </th>
            <th scope="col">Column</th>
            <th scope="col">Value</th>
            <th scope="col">Mend</th>
          </tr>
        </thead>
        <tbody>
          {refused.slice(0, shown).map((line) => (
            <tr key={`${line.file} ${line.line} ${line.column}`}>
              <th scope="row" className="code">
                {csvName(line.file)}
              </th>
              <td className="num">{line.line}</td>
              <td className="code">{line.column ?? '–'}</td>
              <td className="code max-w-48 break-words">{line.value === '' ? 'empty' : (line.value ?? '–')}</td>
              <td>{line.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown < refused.length && (
        <p className="py-3">
          <button type="button" className="button" onClick={() => setShown((n) => n + SHOWN * 5)}>
            Show more of {plural(refused.length, 'refused line')}
          </button>
        </p>
      )}
    </>
  );
}
