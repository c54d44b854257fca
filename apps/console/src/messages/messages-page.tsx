import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import {
  balanceQuery,
  MESSAGE_STATUSES,
  type MessageCount,
  type MessageStatus,
  messageCountsQuery,
  messagesQuery,
} from '../api/messages.js';
import { sitesQuery } from '../api/sites.js';
import { LoadMore, Select } from '../ui/controls.js';
import { messageKind } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { BalanceLine } from './balance-line.js';
import { kindsOf } from './counts.js';
import { MessagesTable } from './messages-table.js';

const route = getRouteApi('/messages');

/** Every message by what became of it, whoever carries it out of the house. */
export function MessagesPage() {
  const { status: asked, kind, site } = route.useSearch();
  const navigate = route.useNavigate();
  const status = MESSAGE_STATUSES.find((each) => each === asked) ?? 'pending';
  const balance = useQuery(balanceQuery);
  return (
    <>
      <PageHeader title="Messages" actions={<PrintButton />}>
        Every planned message has exactly one outcome, and the outcomes add up to what was planned.
      </PageHeader>
      <Loaded query={balance} lines={1}>
        {(data) => (
          <BalanceLine
            balance={data}
            status={status}
            onShow={(chosen) => void navigate({ search: (before) => ({ ...before, status: chosen, kind: undefined }) })}
          />
        )}
      </Loaded>
      <Filters status={status} kind={kind} site={site} />
      <List status={status} kind={kind} site={site} />
    </>
  );
}

interface Filter {
  status: MessageStatus;
  kind: string | undefined;
  site: string | undefined;
}

function Filters({ status, kind, site }: Filter) {
  const navigate = route.useNavigate();
  const sites = useQuery(sitesQuery).data ?? [];
  const counts: readonly MessageCount[] =
    useQuery({ ...messageCountsQuery(site), placeholderData: keepPreviousData }).data ?? [];
  return (
    <div className="mb-4 flex flex-wrap items-end gap-x-4 gap-y-3 print:hidden">
      <Select
        label="Kind"
        value={kind}
        all="All kinds"
        options={kindsOf(counts, status, kind).map((each) => ({
          value: each.kind,
          label: `${messageKind(each.kind)} (${each.messages.toLocaleString('en')})`,
        }))}
        onChange={(chosen) => void navigate({ search: (before) => ({ ...before, kind: chosen }), replace: true })}
      />
      <Select
        label="Site"
        value={site}
        all="All sites"
        options={sites.map((one) => ({ value: keyOf(one), label: one.name }))}
        onChange={(chosen) => void navigate({ search: (before) => ({ ...before, site: chosen }), replace: true })}
      />
    </div>
  );
}

const NONE: Record<MessageStatus, string> = {
  sent: 'Nothing has gone out yet. Messages leave when they fall due: in a sandbox, advance the clock above.',
  pending: 'No message waits. Sessions that are booked and courses that are completed bring new ones.',
  suppressed: 'Nothing was held back.',
  expired: 'No message came too late to be of use.',
  failed: 'No message failed.',
  unknown: 'The outcome of every message is known.',
};

const WHY: Partial<Record<MessageStatus, string>> = {
  unknown:
    'The provider may or may not have taken these. None goes again by itself: somebody finds out, and lets it go or confirms that it was sent.',
  failed: 'No provider takes these. Nothing is tried again; the patient can be called.',
};

function List({ status, kind, site }: Filter) {
  const query = useInfiniteQuery({ ...messagesQuery({ status, kind, site }), placeholderData: keepPreviousData });
  return (
    <Loaded query={query} lines={8}>
      {(data) => {
        const messages = data.pages.flatMap((page) => page.items);
        if (messages.length === 0) {
          return <p className="py-6 text-soft">{kind || site ? 'There is none of these here.' : NONE[status]}</p>;
        }
        return (
          <>
            {WHY[status] && <p className="mb-3 max-w-2xl text-soft">{WHY[status]}</p>}
            <MessagesTable messages={messages} status={status} />
            <LoadMore query={query} what="messages" />
          </>
        );
      }}
    </Loaded>
  );
}
