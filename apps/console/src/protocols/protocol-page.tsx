import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type Protocol, protocolQuery, protocolsQuery } from '../api/protocols.js';
import { formatDuration } from '../ui/dates.js';
import { messageKind, plural, words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { AftercareChart } from './aftercare-chart.js';
import { FactRefs } from './fact-refs.js';
import { Facts } from './facts.js';
import { Rule, RuleList, Section } from './rule-list.js';
import { range } from './wording.js';

const route = getRouteApi('/protocols/$code');

/** One protocol, to be read from top to bottom as a course goes. */
export function ProtocolPage() {
  const { code } = route.useParams();
  const query = useQuery(protocolQuery(code));
  return (
    <Loaded query={query} lines={14}>
      {(protocol) => <Reading protocol={protocol} />}
    </Loaded>
  );
}

function Reading({ protocol }: { protocol: Protocol }) {
  return (
    <article className="mx-auto max-w-4xl">
      <PageHeader title={protocol.title.en ?? protocol.code} actions={<PrintButton />}>
        <span className="code">{protocol.code}</span>, version {protocol.version}
        <State protocol={protocol} />.{' '}
        <Link to="/protocols" className="link">
          All protocols
        </Link>
      </PageHeader>
      <Course protocol={protocol} />
      <Before protocol={protocol} />
      <Section title="Steps of a session">
        <RuleList
          ordered
          items={protocol.steps}
          keyOf={(step) => step.code}
          text={(step) => step.title.en ?? step.code}
        />
      </Section>
      <Section title="Aftercare">
        <AftercareChart items={protocol.aftercare} />
      </Section>
      <After protocol={protocol} />
      <Facts protocol={protocol} />
    </article>
  );
}

/** Said only where there is more to say than that it is the one in use. */
function State({ protocol: { code, version } }: { protocol: Protocol }) {
  const versions = (useQuery(protocolsQuery).data ?? []).filter((each) => each.code === code);
  const isRetired = versions.some((each) => each.version === version && each.state === 'retired');
  const others = versions.filter((each) => each.version !== version);
  return (
    <>
      {isRetired && ', retired: no new course is planned with it'}
      {others.length > 0 && `, beside version ${others.map((each) => each.version).join(', ')}`}
    </>
  );
}

function Course({ protocol }: { protocol: Protocol }) {
  const { depthMm, maintenance } = protocol;
  return (
    <dl className="mb-8 grid gap-x-10 border-t-[1.5px] border-ink sm:grid-cols-2">
      <Rule name="Sessions" grounds={protocol.sessions}>
        {range(protocol.sessions.min, protocol.sessions.max)}
      </Rule>
      <Rule name="Between sessions" grounds={protocol.intervalDays}>
        {range(protocol.intervalDays.min, protocol.intervalDays.max)} days
      </Rule>
      <Rule name="Depth" grounds={depthMm}>
        {depthMm.decidedBy === 'physician' ? 'the physician decides' : `${range(depthMm.min, depthMm.max)} mm`}
        {depthMm.decidedBy === 'protocol' && depthMm.exceptDevices.length > 0 && (
          <span className="font-normal text-soft"> not checked with {depthMm.exceptDevices.join(', ')}</span>
        )}
      </Rule>
      <Rule name="Duration" grounds={protocol.durationMinutes}>
        {range(protocol.durationMinutes.min, protocol.durationMinutes.max)} minutes
      </Rule>
      <Rule name="Devices" grounds={protocol.devices}>
        {protocol.devices.codes.map(words).join(', ')}
      </Rule>
      {protocol.areas && (
        <Rule name="Areas" grounds={protocol.areas}>
          {protocol.areas.codes.map(words).join(', ')}
        </Rule>
      )}
      <Rule name="Maintenance" grounds={maintenance}>
        {maintenance.kind === 'physician' ? (
          <>set by the physician{maintenance.latest && `, within ${formatDuration(maintenance.latest)}`}</>
        ) : (
          <>
            first {formatDuration(maintenance.firstOpens)} to {formatDuration(maintenance.firstCloses)} after the{' '}
            {words(maintenance.anchor).toLowerCase()}, then {formatDuration(maintenance.thenOpens)} to{' '}
            {formatDuration(maintenance.thenCloses)} after each
          </>
        )}
      </Rule>
      <Rule name="Lapses" grounds={protocol.lapse}>
        {plural(protocol.lapse.afterDays, 'day')} without a session
      </Rule>
    </dl>
  );
}

function Before({ protocol }: { protocol: Protocol }) {
  const { screening, preSession } = protocol;
  return (
    <>
      <Section title="Reasons not to treat">
        <RuleList
          items={screening.contraindications}
          keyOf={(one) => one.code}
          text={(one) => (
            <>
              <span className="font-semibold">{words(one.code)}</span>
              {!one.blocking && <span className="text-soft">, holds the session for review</span>}
              {one.overridable && <span className="text-soft">, a physician may override it with a reason</span>}
              <span className="block text-soft">{one.asks.en}</span>
            </>
          )}
        />
      </Section>
      {protocol.testsFirst.length > 0 && (
        <Section title="Tests before the first session">
          <RuleList items={protocol.testsFirst} keyOf={(test) => test.code} text={(test) => words(test.code)} />
        </Section>
      )}
      <Section title="Before each session">
        <RuleList
          items={preSession.precautions}
          keyOf={(one) => one.code}
          text={(one) => (
            <>
              <span className="font-semibold">From {formatDuration(one.before)} before:</span> {one.text.en}
            </>
          )}
        />
        <RuleList
          items={preSession.checks}
          keyOf={(check) => check.code}
          text={(check) => check.asks.en ?? check.code}
        />
      </Section>
    </>
  );
}

function After({ protocol }: { protocol: Protocol }) {
  return (
    <>
      <Section title="Check-ups and reactions">
        <RuleList
          items={protocol.checkUps}
          keyOf={(one) => `${one.kind} ${one.afterDays}`}
          text={(one) => `Check-up ${plural(one.afterDays, 'day')} ${words(one.kind).toLowerCase()}`}
        />
        <RuleList
          items={protocol.expectedReactions}
          keyOf={(one) => one.code}
          text={(one) => `${words(one.code)} is expected and passes within ${plural(one.withinDays, 'day')}`}
        />
        <RuleList
          items={protocol.adverseEvents}
          keyOf={(one) => one.code}
          text={(one) => (
            <>
              <span className="font-semibold text-iodine">{words(one.code)}</span> opens an adverse event
            </>
          )}
        />
      </Section>
      <Section title="Messages">
        <RuleList
          items={protocol.messages}
          keyOf={(rule) => `${rule.kind} ${rule.precaution ?? ''}`}
          text={(rule) => (
            <>
              {messageKind(rule.kind)}
              <span className="text-soft">
                {rule.before && `, ${formatDuration(rule.before)} before`}
                {rule.after && `, ${formatDuration(rule.after)} after`}
              </span>
            </>
          )}
        />
      </Section>
      {protocol.information.length > 0 && (
        <Section title="For information, ruling nothing">
          <ul className="flex flex-wrap gap-x-6 gap-y-1">
            {protocol.information.map((one) => (
              <li key={`${one.topic} ${one.facts.join()}`}>
                {words(one.topic)}
                <FactRefs grounds={one} linked />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
