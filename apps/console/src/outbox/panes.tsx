import { type ReactNode, useEffect, useRef } from 'react';
import { ArrowLeft } from '../ui/icons.js';

interface PanesProps {
  /** What the list holds, for screen readers. */
  label: string;
  list: ReactNode;
  reading: ReactNode;
  /** Somebody chose something; until then a narrow screen shows the list, afterwards the thing. */
  isChosen: boolean;
  onBack: () => void;
}

/** A list at the left, the chosen thing at the right; one of them at a time where there is no room for both. */
export function Panes({ label, list, reading, isChosen, onBack }: PanesProps) {
  return (
    <div className="lg:grid lg:grid-cols-[22rem_minmax(0,1fr)] lg:gap-8">
      <section aria-label={label} className={isChosen ? 'max-lg:hidden' : ''}>
        {list}
      </section>
      <section aria-label="Message" aria-live="polite" className={`min-w-0 ${isChosen ? '' : 'max-lg:hidden'}`}>
        <button type="button" className="button mb-3 lg:hidden" onClick={onBack}>
          <ArrowLeft />
          All messages
        </button>
        <div className="lg:sticky lg:top-[calc(var(--header-height)+1.5rem)]">{reading}</div>
      </section>
    </div>
  );
}

interface EntryProps {
  isChosen: boolean;
  onChoose: () => void;
  first: ReactNode;
  aside: ReactNode;
  second: ReactNode;
}

/** One line of the list. The chosen one stays in view when the page opens with it. */
export function Entry({ isChosen, onChoose, first, aside, second }: EntryProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isChosen) button.current?.scrollIntoView({ block: 'nearest' });
  }, [isChosen]);
  return (
    <li className="border-b border-line">
      <button
        ref={button}
        type="button"
        data-row-link
        aria-current={isChosen ? 'true' : undefined}
        onClick={onChoose}
        className="w-full border-l-[3px] border-transparent py-2 pr-2 pl-3 text-left hover:bg-surface aria-[current]:border-gentian aria-[current]:bg-surface"
      >
        <span className="flex items-baseline justify-between gap-3">
          <span className="truncate font-semibold">{first}</span>
          <span className="text-xs whitespace-nowrap text-faint">{aside}</span>
        </span>
        <span className="block truncate text-xs text-soft">{second}</span>
      </button>
    </li>
  );
}
