import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Page } from '../api/common.js';
import { type LotKey, type TraceList, type TraceLists, traceListQuery } from '../api/recalls.js';
import { LoadMore } from '../ui/controls.js';

interface TraceTableProps<List extends TraceList> {
  list: List;
  lot: LotKey;
  /** What the trace itself brought. */
  first: Page<TraceLists[List]>;
  title: string;
  /** What the rows are called where there are more of them. */
  what: string;
  none: string;
  head: ReactNode;
  row: (item: TraceLists[List]) => ReactNode;
  children?: ReactNode;
}

/** One list of a trace: the first page comes with the trace, and the rest when it is asked for. */
export function TraceTable<List extends TraceList>(props: TraceTableProps<List>) {
  const { list, lot, first, title, what, none, head, row, children } = props;
  const [isLong, setLong] = useState(false);
  const query = useInfiniteQuery({ ...traceListQuery(list, lot), enabled: isLong });
  const items = (isLong && query.data?.pages.flatMap((page) => page.items)) || first.items;
  const more = query.data
    ? query
    : { hasNextPage: first.next !== null, isFetchingNextPage: isLong, fetchNextPage: () => setLong(true) };
  return (
    <section aria-labelledby={list}>
      <h2 id={list} className="mb-1 text-lg font-semibold">
        {title}
      </h2>
      {children}
      {items.length === 0 ? (
        <p className="text-soft">{none}</p>
      ) : (
        <table className="ledger">
          <caption className="sr-only">{title}</caption>
          <thead>
            <tr>{head}</tr>
          </thead>
          <tbody>{items.map(row)}</tbody>
        </table>
      )}
      <LoadMore query={more} what={what} />
    </section>
  );
}
