import { type ReactNode, useId } from 'react';
import type { Grounds } from '../api/protocols.js';
import { FactRefs } from './fact-refs.js';

export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="mb-8">
      <h2 id={id} className="mb-2 text-lg font-semibold">
        {title}
      </h2>
      {children}
    </section>
  );
}

interface RuleProps {
  name: string;
  grounds: Grounds;
  children: ReactNode;
}

/** One rule with its grounds, as a term of a definition list. */
export function Rule({ name, grounds, children }: RuleProps) {
  return (
    <div className="grid grid-cols-[8.5rem_minmax(0,1fr)] gap-3 border-b border-line py-2.5">
      <dt className="text-soft">{name}</dt>
      <dd>
        <span className="font-semibold">{children}</span>
        <FactRefs grounds={grounds} below linked />
        <Note grounds={grounds} />
      </dd>
    </div>
  );
}

interface RuleListProps<Item extends Grounds> {
  items: Item[];
  keyOf: (item: Item) => string;
  text: (item: Item) => ReactNode;
  ordered?: boolean;
}

/** Rules of one kind, each with the statements it rests on. */
export function RuleList<Item extends Grounds>({ items, keyOf, text, ordered = false }: RuleListProps<Item>) {
  if (items.length === 0) return null;
  const List = ordered ? 'ol' : 'ul';
  return (
    <List className={`border-t border-line ${ordered ? 'list-inside list-decimal marker:font-semibold' : ''}`}>
      {items.map((item) => (
        <li key={keyOf(item)} className="border-b border-line py-2">
          <span className={ordered ? '' : 'flex flex-wrap items-baseline justify-between gap-x-4'}>
            <span className="max-w-[64ch]">{text(item)}</span>
            <FactRefs grounds={item} linked />
          </span>
          <Note grounds={item} />
        </li>
      ))}
    </List>
  );
}

export function Note({ grounds }: { grounds: Grounds }) {
  if (!grounds.note) return null;
  return <span className="mt-0.5 block max-w-[64ch] text-xs text-soft italic">{grounds.note}</span>;
}
