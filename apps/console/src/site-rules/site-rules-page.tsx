import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { messageRulesQuery, type Site, sitesQuery } from '../api/sites.js';
import { Loaded } from '../ui/loaded.js';
import { NoSuchSite } from './no-such-site.js';
import { PageHeader } from '../ui/page-header.js';
import { OpeningHoursForm } from './opening-hours-form.js';
import { QuietHoursForm } from './quiet-hours-form.js';
import { RecallRulesForm } from './recall-rules-form.js';

const route = getRouteApi('/sites/$site/message-rules');

/** When a site writes to its patients, and how it invites them. */
export function SiteRulesPage() {
  const { site: key } = route.useParams();
  const query = useQuery(sitesQuery);
  return (
    <Loaded query={query} lines={8}>
      {(sites) => {
        const site = sites.find((one) => one.code === key || one.id === key);
        return site ? <Rules site={site} /> : <NoSuchSite />;
      }}
    </Loaded>
  );
}

function Rules({ site }: { site: Site }) {
  const key = keyOf(site);
  const query = useQuery(messageRulesQuery(key));
  return (
    <>
      <PageHeader title={`Messages of ${site.name}`} tabTitle={`Messages, ${site.name}`}>
        By the clock on the wall there, {site.timeZone}.{' '}
        <Link to="/system" className="link">
          All sites
        </Link>
      </PageHeader>
      {/* What somebody is typing stays, whatever comes in meanwhile; another site has other values. */}
      <div key={site.id} className="max-w-3xl space-y-10">
        <QuietHoursForm site={key} hours={site.quietHours} />
        <Loaded query={query} lines={8}>
          {({ openingHours, recall }) => (
            <>
              <OpeningHoursForm site={key} hours={openingHours} />
              <RecallRulesForm site={key} rules={recall} />
            </>
          )}
        </Loaded>
      </div>
    </>
  );
}
