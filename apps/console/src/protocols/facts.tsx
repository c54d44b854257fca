import { useQuery } from '@tanstack/react-query';
import { type Fact, factsQuery, type Protocol } from '../api/protocols.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { citedFacts } from './cited-facts.js';
import { Section } from './rule-list.js';
import { factText } from './wording.js';

/** The published statements this protocol cites, in full, at the end as in any paper. */
export function Facts({ protocol }: { protocol: Protocol }) {
  const query = useQuery(factsQuery);
  const cited = citedFacts(protocol);
  return (
    <Section title="Published statements">
      <Loaded query={query} lines={6}>
        {(facts) => (
          <dl className="border-t border-line">
            {facts
              .filter((fact) => cited.has(fact.id))
              .map((fact) => (
                <Statement key={fact.id} fact={fact} />
              ))}
          </dl>
        )}
      </Loaded>
    </Section>
  );
}

function Statement({ fact }: { fact: Fact }) {
  return (
    <div
      id={fact.id}
      className="grid grid-cols-[5rem_minmax(0,1fr)] gap-3 border-b border-line py-1.5 target:bg-gentian-wash"
    >
      <dt className="code pl-1 text-soft">{fact.id}</dt>
      <dd>
        <span className="text-faint">{words(fact.kind)}: </span>
        {factText(fact)}
      </dd>
    </div>
  );
}
