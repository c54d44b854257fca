import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { sitesQuery } from '../api/sites.js';
import { Loaded } from '../ui/loaded.js';

/** The way to what each site sets about its messages. */
export function SiteLinks() {
  const query = useQuery(sitesQuery);
  return (
    <section aria-labelledby="site-rules">
      <h2 id="site-rules" className="mb-2 text-lg font-semibold">
        When each site writes to its patients
      </h2>
      <Loaded query={query} lines={2}>
        {(sites) =>
          sites.length === 0 ? (
            <p className="text-soft">There is no site yet.</p>
          ) : (
            <ul className="flex max-w-4xl flex-wrap gap-x-6 gap-y-1.5">
              {sites.map((site) => (
                <li key={site.id}>
                  <Link to="/sites/$site/message-rules" params={{ site: keyOf(site) }} className="link">
                    {site.name}
                  </Link>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}
