import { Link } from '@tanstack/react-router';
import type { Recall } from '../api/recalls.js';
import { formatDate } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { followRow } from '../ui/row-navigation.js';
import { RecallChip } from './recall-chip.js';

/** Recalls, each by its latest notice. */
export function RecallsTable({ recalls }: { recalls: Recall[] }) {
  return (
    <table className="ledger">
      <caption className="sr-only">Recalls with product, lot, state, cause and reference</caption>
      <thead>
        <tr>
          <th scope="col">Product and lot</th>
          <th scope="col">State</th>
          <th scope="col" className="max-sm:hidden">
            Cause
          </th>
          <th scope="col" className="max-md:hidden">
            Reference
          </th>
        </tr>
      </thead>
      <tbody>
        {recalls.map((recall) => {
          const latest = recall.notices.at(-1);
          return (
            <tr key={recall.id} data-row onClick={followRow}>
              <th scope="row">
                {recall.product}
                <span className="block">
                  <Link to="/recalls/$recall" params={{ recall: recall.id }} className="link code" data-row-link>
                    {recall.lotNumber}
                  </Link>
                </span>
              </th>
              <td>
                <RecallChip recall={recall} />
                {latest && (
                  <span className="mt-0.5 block text-xs text-faint">
                    {formatDate(latest.lift?.liftedOn ?? latest.recalledOn)}
                  </span>
                )}
              </td>
              <td className="max-sm:hidden">{latest && words(latest.cause)}</td>
              <td className="code max-md:hidden">{latest?.reference}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
