import { useState } from 'react';
import { keyOf } from '../api/common.js';
import type { Site } from '../api/sites.js';
import { Select } from '../ui/controls.js';
import { countsOf, type StateCounts } from './states.js';

interface SiteSwitcherProps {
  sites: Site[];
  chosen: string | undefined;
  onChoose: (site: string | undefined) => void;
}

/** From so many sites on, a name is found faster by typing. */
const FILTER_FROM = 12;

/** The sites with what waits there: a column where there is room, a choice where there is not. */
export function SiteSwitcher({ sites, chosen, onChoose }: SiteSwitcherProps) {
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const shown = sites.filter((site) => `${site.name} ${site.code ?? ''}`.toLowerCase().includes(wanted));
  return (
    <nav aria-label="Sites" className="mb-5 print:hidden">
      <div className="lg:hidden">
        <Select
          label="Site"
          value={chosen}
          all="All sites"
          options={sites.map((site) => ({
            value: keyOf(site),
            label: `${site.name} (${site.counts.overdue + site.counts.due})`,
          }))}
          onChange={onChoose}
        />
      </div>
      <div className="hidden lg:sticky lg:top-[calc(var(--header-height)+1.5rem)] lg:block">
        <h2 className="mb-2 text-xs font-semibold text-faint">Sites</h2>
        {sites.length >= FILTER_FROM && (
          <input
            type="search"
            className="field mb-2 w-full"
            aria-label="Find a site"
            placeholder="Find a site"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
        )}
        <ul className="max-h-[70dvh] overflow-y-auto border-t border-line">
          {wanted === '' && (
            <SiteRow
              name="All sites"
              counts={countsOf(sites)}
              isChosen={!chosen}
              onChoose={() => onChoose(undefined)}
            />
          )}
          {shown.map((site) => (
            <SiteRow
              key={site.id}
              name={site.name}
              counts={site.counts}
              isChosen={keyOf(site) === chosen}
              onChoose={() => onChoose(keyOf(site))}
            />
          ))}
        </ul>
        <p className="mt-2 flex gap-3 text-xs text-faint" aria-hidden="true">
          <span className="font-semibold text-iodine">overdue</span>
          <span className="font-semibold text-gentian">due</span>
          <span>upcoming</span>
        </p>
      </div>
    </nav>
  );
}

interface SiteRowProps {
  name: string;
  counts: StateCounts;
  isChosen: boolean;
  onChoose: () => void;
}

function SiteRow({ name, counts, isChosen, onChoose }: SiteRowProps) {
  return (
    <li className="border-b border-line">
      <button
        type="button"
        aria-current={isChosen ? 'true' : undefined}
        onClick={onChoose}
        className="group w-full border-l-[3px] border-transparent py-1.5 pr-1 pl-2 text-left hover:bg-surface aria-[current]:border-ink aria-[current]:bg-surface"
      >
        <span className="block truncate group-aria-[current]:font-semibold">{name}</span>
        <span className="flex gap-3 text-xs">
          <Count n={counts.overdue} of="overdue" tone="text-iodine" />
          <Count n={counts.due} of="due" tone="text-gentian" />
          <Count n={counts.upcoming} of="upcoming" tone="text-soft" />
        </span>
      </button>
    </li>
  );
}

function Count({ n, of, tone }: { n: number; of: string; tone: string }) {
  return (
    <span className={n > 0 ? `font-semibold ${tone}` : 'text-faint'}>
      {n}
      <span className="sr-only"> {of}</span>
    </span>
  );
}
