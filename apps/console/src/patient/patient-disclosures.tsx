import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Disclosure, disclosuresQuery } from '../api/disclosures.js';
import { LoadMore, Toggle } from '../ui/controls.js';
import { formatInstant } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';

/** Who has seen this record. Looked at on demand alone, since looking is on record, too. */
export function PatientDisclosures({ patient }: { patient: string }) {
  const [shown, setShown] = useState(false);
  return (
    <section aria-labelledby="disclosures" className="mt-8 print:hidden">
      <h2 id="disclosures" className="mb-2 text-lg font-semibold">
        Who has seen this record
      </h2>
      <p className="mb-2">
        <Toggle pressed={shown} onToggle={() => setShown(!shown)}>
          Show who, when and why
        </Toggle>
      </p>
      {shown && <Disclosures patient={patient} />}
    </section>
  );
}

function Disclosures({ patient }: { patient: string }) {
  const query = useInfiniteQuery(disclosuresQuery(patient));
  return (
    <Loaded query={query} lines={6}>
      {(data) => {
        const items = data.pages.flatMap((page) => page.items);
        if (items.length === 0) return <p className="text-soft">Nobody has.</p>;
        return (
          <>
            <table className="ledger">
              <caption className="sr-only">Who has seen this record, newest first</caption>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Who</th>
                  <th scope="col" className="max-md:hidden">
                    Why
                  </th>
                  <th scope="col">What</th>
                </tr>
              </thead>
              <tbody>
                {items.map((item) => (
                  <tr key={item.position}>
                    <td className="whitespace-nowrap">{formatInstant(item.at)}</td>
                    <td>{item.name ?? item.principal}</td>
                    <td className="max-md:hidden">{words(item.purpose)}</td>
                    <td>{whatOf(item)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <LoadMore query={query} what="who has seen it" />
          </>
        );
      }}
    </Loaded>
  );
}

/** `getPatientTimeline` as words; how it left, where that matters. */
function whatOf({ operation, kind, ofAnybody }: Disclosure): string {
  const what = operation.replace(/([A-Z])/g, ' $1').toLowerCase();
  const how = kind === 'read' ? '' : `, ${kind}`;
  return `${what}${how}${ofAnybody ? ', of everybody' : ''}`;
}
