import type { AftercareItem } from '../api/protocols.js';
import { FactRefs } from './fact-refs.js';
import { Note } from './rule-list.js';
import { holdsHours, holdsText } from './wording.js';

/** Hours after the end of the session that the bars stand for; longer ones run out of the chart. */
const HOURS = 24;
const ACT: Record<AftercareItem['act'], string> = { avoid: 'Avoid', do: 'Do', allow: 'Allowed' };

/** What to do and to leave off after a session, each with a bar for how long it holds. */
export function AftercareChart({ items }: { items: AftercareItem[] }) {
  return (
    <table className="ledger">
      <caption className="sr-only">Aftercare with how long each item holds after the end of the session</caption>
      <thead>
        <tr>
          <th scope="col">Instruction</th>
          <th scope="col">Holds</th>
          <th scope="col" className="axis-cell h-9 w-[34%] max-sm:hidden">
            <span className="sr-only">Hours after the session</span>
            <div className="axis" aria-hidden="true">
              {[0, 6, 12, 18].map((hour) => (
                <span
                  key={hour}
                  className="axis-label text-faint"
                  data-keep
                  style={{ left: `${(hour / HOURS) * 92}%` }}
                >
                  {hour} h
                </span>
              ))}
            </div>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id}>
            <th scope="row">
              <span className="mr-1.5 text-xs font-semibold text-faint">{ACT[item.act]}</span>
              {item.text.en}
              <FactRefs grounds={item} below linked />
              <Note grounds={item} />
            </th>
            <td className="whitespace-nowrap">
              {item.act === 'allow' ? `after ${holdsText(item.after)}` : holdsText(item.lasts)}
            </td>
            <td className="axis-cell max-sm:hidden">
              <Hours item={item} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Hours({ item }: { item: AftercareItem }) {
  const hours = item.act === 'allow' ? holdsHours(item.after) : holdsHours(item.lasts);
  const width = hours === null ? 100 : Math.min(100, (hours / HOURS) * 92);
  return (
    <div className="axis" aria-hidden="true">
      {[0, 6, 12, 18, 24].map((hour) => (
        <i key={hour} className="axis-tick" style={{ left: `${(hour / HOURS) * 92}%` }} />
      ))}
      <i
        className="axis-bar"
        data-state={item.act === 'avoid' ? 'due' : 'upcoming'}
        data-clipped-end={hours === null || hours > HOURS || undefined}
        style={{ left: 0, width: `${width}%` }}
      />
    </div>
  );
}
