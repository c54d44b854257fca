import { useQuery } from '@tanstack/react-query';
import { type HealthFact, type PersonHealth, patientHealthQuery } from '../api/patients.js';
import { formatDate } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { periodText } from './health-period.js';

/** What speaks against a treatment today, and since when each thing that was learned holds. */
export function PatientHealth({ patient }: { patient: string }) {
  const query = useQuery(patientHealthQuery(patient));
  return (
    <section aria-labelledby="health" className="mb-8">
      <h2 id="health" className="mb-2 text-lg font-semibold">
        Health
      </h2>
      <Loaded query={query} lines={3}>
        {(data) => (
          <>
            <Holds data={data} />
            <Facts facts={data.facts} asked={patient} on={data.on} />
          </>
        )}
      </Loaded>
    </section>
  );
}

function Holds({ data: { health } }: { data: PersonHealth }) {
  if (!health) return <p className="text-soft">A part of it was erased, so nobody can say what holds.</p>;
  return (
    <dl className="space-y-2.5">
      <Term name="Allergies" items={health.allergies} />
      <Term name="Conditions" items={health.conditions.map(words)} />
      <Term name="Medicines" items={health.medications} />
    </dl>
  );
}

function Term({ name, items }: { name: string; items: string[] }) {
  return (
    <div className="grid grid-cols-[5.5rem_minmax(0,1fr)] gap-2">
      <dt className="text-faint">{name}</dt>
      <dd>
        {items.length === 0 ? (
          <span className="text-faint">none on record</span>
        ) : (
          <b className="font-semibold text-iodine">{items.join(', ')}</b>
        )}
      </dd>
    </div>
  );
}

interface FactsProps {
  facts: HealthFact[];
  /** The registration whose page this is. */
  asked: string;
  on: string;
}

function Facts({ facts, asked, on }: FactsProps) {
  if (facts.length === 0) return null;
  return (
    <>
      <h3 className="mt-3 mb-1 text-sm font-semibold text-soft">Learned one by one</h3>
      <ul className="border-t border-line">
        {facts.map((fact) => (
          <li key={fact.id} className="border-b border-line py-1.5">
            <span className="block">
              <span className="text-faint">{words(fact.kind)}: </span>
              {fact.statement === null ? <em className="text-faint">erased</em> : textOf(fact.kind, fact.statement)}
            </span>
            <span className="block text-xs text-soft">
              {periodText(fact, on)}
              {fact.patientId !== asked && ', under another registration'}
            </span>
            <span className="block text-xs text-faint">recorded {formatDate(fact.recordedAt)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Conditions may be codes of the questionnaire. */
const textOf = (kind: HealthFact['kind'], statement: string): string =>
  kind === 'condition' ? words(statement) : statement;
