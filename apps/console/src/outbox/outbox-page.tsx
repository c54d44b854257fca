import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { balanceQuery, MESSAGE_STATUSES, type MessageStatus } from '../api/messages.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader } from '../ui/page-header.js';
import { BalanceLine } from './balance-line.js';
import { MessageList } from './message-list.js';
import { SentList } from './sent-list.js';

const route = getRouteApi('/outbox');

/** What went out, what waits, and what was held back and why. */
export function OutboxPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const balance = useQuery(balanceQuery);
  const tab = MESSAGE_STATUSES.find((status) => status === search.tab) ?? 'sent';
  const show = (status: MessageStatus) =>
    void navigate({ search: (before) => ({ ...before, tab: status, message: undefined }) });
  const select = (message: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, message }), replace: true });
  return (
    <>
      <PageHeader title="Outbox">
        Every planned message has exactly one outcome, and the outcomes add up to what was planned.
      </PageHeader>
      <Loaded query={balance} lines={1}>
        {(data) => <BalanceLine balance={data} tab={tab} onShow={show} />}
      </Loaded>
      {tab === 'sent' ? (
        <SentList selected={search.message} onSelect={select} />
      ) : (
        <MessageList key={tab} status={tab} selected={search.message} onSelect={select} />
      )}
    </>
  );
}
