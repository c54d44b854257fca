import type { ReactNode } from 'react';
import type { Page } from '../api/common.js';
import { LoadMore } from '../ui/controls.js';
import { Loaded } from '../ui/loaded.js';

interface Pages<Item> {
  data: { pages: Page<Item>[] } | undefined;
  error: Error | null;
  refetch: () => unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

interface WaitingSectionProps<Item> {
  id: string;
  title: string;
  why: ReactNode;
  none: string;
  query: Pages<Item>;
  /** What the rows are called where there are more of them. */
  what: string;
  children: (items: Item[]) => ReactNode;
}

/** One kind of thing that waits, with why somebody must look at it. */
export function WaitingSection<Item>({ id, title, why, none, query, what, children }: WaitingSectionProps<Item>) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="text-lg font-semibold">
        {title}
      </h2>
      <p className="mb-2 text-soft">{why}</p>
      <Loaded query={query} lines={3}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items);
          if (items.length === 0) return <p className="text-soft">{none}</p>;
          return (
            <>
              {children(items)}
              <LoadMore query={query} what={what} />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}
