import { getRouteApi, Link } from '@tanstack/react-router';
import { PageHeader } from '../ui/page-header.js';
import { SentList } from './sent-list.js';

const route = getRouteApi('/outbox');

/** What no provider carried, to be read as the patient reads it. */
export function OutboxPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const select = (message: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, message }), replace: true });
  return (
    <>
      <PageHeader title="Outbox">
        What went out without a provider, the newest first. What waits, and what was held back, is with all{' '}
        <Link to="/messages" className="link">
          messages
        </Link>
        .
      </PageHeader>
      <SentList selected={search.message} onSelect={select} />
    </>
  );
}
