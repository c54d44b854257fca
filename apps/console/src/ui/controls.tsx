import type { ReactNode } from 'react';

interface ToggleProps {
  pressed: boolean;
  onToggle: () => void;
  children: ReactNode;
}

/** A filter that is on or off. */
export function Toggle({ pressed, onToggle, children }: ToggleProps) {
  return (
    <button
      type="button"
      aria-pressed={pressed}
      onClick={onToggle}
      className="inline-flex min-h-8 items-center gap-1.5 rounded-[5px] border border-line bg-transparent px-2.5 text-soft aria-pressed:border-ink aria-pressed:bg-surface aria-pressed:text-ink hover:border-ink"
    >
      {children}
    </button>
  );
}

interface SelectProps {
  label: string;
  value: string | undefined;
  /** What the empty choice says. */
  all: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string | undefined) => void;
}

/** A labelled choice with an empty one for "no filter". */
export function Select({ label, value, all, options, onChange }: SelectProps) {
  return (
    <label className="flex flex-col gap-1">
      <span className="text-xs font-medium text-faint">{label}</span>
      <select
        className="field pr-7"
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value || undefined)}
      >
        <option value="">{all}</option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

interface MoreProps {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
  what: string;
}

/** The next page of a list, on demand. */
export function LoadMore({ query, what }: MoreProps) {
  if (!query.hasNextPage) return null;
  return (
    <p className="py-3 text-center print:hidden">
      <button
        type="button"
        className="button"
        disabled={query.isFetchingNextPage}
        onClick={() => void query.fetchNextPage()}
      >
        {query.isFetchingNextPage ? 'Loading…' : `Show more ${what}`}
      </button>
    </p>
  );
}
