import { Link } from '@tanstack/react-router';
import { PageHeader } from '../ui/page-header.js';

export function NoSuchSite() {
  return (
    <PageHeader title="There is no such site">
      Its code may be mistyped.{' '}
      <Link to="/system" className="link">
        All sites
      </Link>
    </PageHeader>
  );
}
