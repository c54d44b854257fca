import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { newestOfEach, type Protocol, protocolQuery, protocolsQuery, type ProtocolSummary } from '../api/protocols.js';
import { formatDuration } from '../ui/dates.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { followRow } from '../ui/row-navigation.js';
import { FactRefs } from './fact-refs.js';
import { range } from './wording.js';

/** The protocols beside each other: they differ, since their sources do. */
export function ProtocolsPage() {
  const query = useQuery(protocolsQuery);
  return (
    <>
      <PageHeader title="Protocols" actions={<PrintButton />}>
        <span className="block max-w-3xl">
          Each stands for one published description, and each rule names the statements it rests on. Published versions
          never change: a course keeps the one it was planned with.
        </span>
      </PageHeader>
      <Loaded query={query} lines={8}>
        {(versions) => <Comparison protocols={newestOfEach(versions)} />}
      </Loaded>
    </>
  );
}

function Comparison({ protocols: summaries }: { protocols: ProtocolSummary[] }) {
  const queries = useQueries({ queries: summaries.map(({ code, version }) => protocolQuery(code, version)) });
  const protocols = queries.flatMap((query) => (query.data ? [query.data] : []));
  const retired = new Set(summaries.filter(({ state }) => state === 'retired').map(({ code }) => code));
  return (
    <table className="ledger" data-sticky aria-busy={protocols.length < summaries.length}>
      <caption className="sr-only">Protocols with sessions, intervals, depth, duration and maintenance</caption>
      <thead>
        <tr>
          <th scope="col">Protocol</th>
          <th scope="col">Sessions</th>
          <th scope="col">Days between</th>
          <th scope="col" className="max-md:hidden">
            Depth
          </th>
          <th scope="col" className="max-md:hidden">
            Duration
          </th>
          <th scope="col" className="max-md:hidden">
            Maintenance
          </th>
        </tr>
      </thead>
      <tbody>
        {protocols.map((protocol) => (
          <Row key={protocol.code} protocol={protocol} isRetired={retired.has(protocol.code)} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ protocol, isRetired }: { protocol: Protocol; isRetired: boolean }) {
  const { sessions, intervalDays, depthMm, durationMinutes } = protocol;
  return (
    <tr data-row onClick={followRow}>
      <th scope="row">
        <Link to="/protocols/$code" params={{ code: protocol.code }} className="link font-semibold" data-row-link>
          {protocol.title.en ?? protocol.code}
        </Link>
        <span className="block text-xs text-faint">
          <span className="code">{protocol.code}</span>, version {protocol.version}
          {isRetired && ', retired'}
        </span>
      </th>
      <td>
        {range(sessions.min, sessions.max)}
        <FactRefs grounds={sessions} below brief />
      </td>
      <td>
        {range(intervalDays.min, intervalDays.max)}
        <FactRefs grounds={intervalDays} below brief />
      </td>
      <td className="max-md:hidden">
        {depthMm.decidedBy === 'protocol' ? `${range(depthMm.min, depthMm.max)} mm` : 'the physician decides'}
        <FactRefs grounds={depthMm} below brief />
      </td>
      <td className="max-md:hidden">
        {range(durationMinutes.min, durationMinutes.max)} min
        <FactRefs grounds={durationMinutes} below brief />
      </td>
      <td className="max-md:hidden">
        <MaintenanceInShort protocol={protocol} />
        <FactRefs grounds={protocol.maintenance} below brief />
      </td>
    </tr>
  );
}

function MaintenanceInShort({ protocol: { maintenance } }: { protocol: Protocol }) {
  if (maintenance.kind === 'physician') {
    return maintenance.latest
      ? `set by the physician, within ${formatDuration(maintenance.latest)}`
      : 'set by the physician';
  }
  return `first after ${formatDuration(maintenance.firstOpens)}, then every ${range(
    Number.parseInt(maintenance.thenOpens.slice(1), 10),
    Number.parseInt(maintenance.thenCloses.slice(1), 10),
  )} months`;
}
