import { Link } from '@tanstack/react-router';
import { PageHeader } from '../ui/page-header.js';

export function NotFoundPage() {
  return (
    <PageHeader title="There is no such page">
      The address may be mistyped.{' '}
      <Link to="/" className="link">
        Go to the due list
      </Link>
    </PageHeader>
  );
}
