import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { sessionQuery } from '../api/access.js';
import { chainQuery } from '../api/chain.js';
import { healthQuery } from '../api/health.js';
import { formatInstant } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader } from '../ui/page-header.js';
import { DispatchPanel } from './dispatch-panel.js';
import { SiteLinks } from './site-links.js';
import { checkText, isGood } from './health-checks.js';
import { ImportPanel } from './import-panel.js';
import { LedgerPanel } from './ledger-panel.js';
import { ParkedKeys } from './parked-keys.js';
import { ProjectionsTable } from './projections-table.js';

/** For whoever keeps it running: import, dispatch, rules of sites, read models, health. */
export function SystemPage() {
  const chain = useQuery(chainQuery);
  const permissions = useQuery(sessionQuery).data?.permissions ?? [];
  return (
    <>
      <PageHeader
        title="System"
        actions={
          <>
            {permissions.includes('audit.read') && (
              <Link to="/report" className="button">
                Compliance report
              </Link>
            )}
            {permissions.includes('user.read') && (
              <Link to="/people" className="button">
                People and keys
              </Link>
            )}
          </>
        }
      >
        {chain.data && (
          <>
            Chain <b className="text-ink">{chain.data.slug}</b>, {chain.data.head.toLocaleString('en')} events, version{' '}
            {chain.data.version}, time zones {chain.data.tzdb}
          </>
        )}
      </PageHeader>
      <div className="space-y-10">
        <section aria-labelledby="import">
          <h2 id="import" className="mb-2 text-lg font-semibold">
            Import a history
          </h2>
          <ImportPanel />
        </section>
        <DispatchPanel />
        <SiteLinks />
        <ProjectionsTable />
        <ParkedKeys />
        <LedgerPanel />
        <HealthSection />
      </div>
    </>
  );
}

function HealthSection() {
  const query = useQuery(healthQuery);
  return (
    <section aria-labelledby="health">
      <h2 id="health" className="mb-2 text-lg font-semibold">
        Health
      </h2>
      <Loaded query={query} lines={3}>
        {(health) => (
          <dl className="max-w-2xl border-t-[1.5px] border-ink">
            <Check name="Ready" good={isGood(health.status)} text={health.status} />
            {Object.entries(health.checks).map(([name, check]) => (
              <Check key={name} name={words(name)} good={isGood(check)} text={checkText(check)} />
            ))}
          </dl>
        )}
      </Loaded>
      <p className="mt-2 text-xs text-faint">
        Asked every 10 seconds
        {query.dataUpdatedAt > 0 && `, last ${formatInstant(new Date(query.dataUpdatedAt).toISOString())}`}
      </p>
    </section>
  );
}

function Check({ name, good, text }: { name: string; good: boolean; text: string }) {
  return (
    <div className="grid grid-cols-[9rem_minmax(0,1fr)] gap-3 border-b border-line py-2">
      <dt className="text-soft">{name}</dt>
      <dd className={`font-semibold ${good ? 'text-sage' : 'text-iodine'}`}>{text}</dd>
    </div>
  );
}
