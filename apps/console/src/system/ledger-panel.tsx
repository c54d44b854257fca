import { useQuery } from '@tanstack/react-query';
import { type LedgerState, ledgerQuery } from '../api/ledger.js';
import { formatInstant } from '../ui/dates.js';
import { plural } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';

/** The tree over all events: how far it has come, what it has signed last, and who has witnessed it. */
export function LedgerPanel() {
  const query = useQuery(ledgerQuery);
  return (
    <section aria-labelledby="ledger">
      <h2 id="ledger" className="mb-2 text-lg font-semibold">
        Ledger
      </h2>
      <Loaded query={query} lines={4}>
        {(state) => <State state={state} />}
      </Loaded>
    </section>
  );
}

function State({ state }: { state: LedgerState }) {
  const { committed, waiting, checkpoint, witnesses, problem } = state;
  return (
    <>
      {problem && (
        <p role="alert" className="mb-3 max-w-2xl border-l-4 border-iodine bg-surface px-4 py-3">
          <b className="font-semibold text-iodine">The ledger does not go on</b>: {problem}
        </p>
      )}
      <dl className="max-w-2xl border-t-[1.5px] border-ink">
        <Row name="Committed">
          {plural(committed, 'event')}
          {waiting !== null && waiting > 0 && <span className="text-soft">, {plural(waiting, 'event')} wait</span>}
        </Row>
        <Row name="Last checkpoint">
          {checkpoint ? (
            <>
              {plural(checkpoint.size, 'event')}, {formatInstant(checkpoint.at)}
              <span className="code block break-all text-faint">{checkpoint.root}</span>
            </>
          ) : (
            <span className="text-faint">none yet</span>
          )}
        </Row>
        {witnesses.map(({ name, witnessedAt, problem: its }) => (
          <Row key={name} name="Witness">
            <b className={`font-semibold ${witnessedAt ? 'text-sage' : 'text-iodine'}`}>{name}</b>
            <span className="block text-soft">
              {its ?? (witnessedAt ? `co-signed ${formatInstant(witnessedAt)}` : 'has not co-signed it yet')}
            </span>
          </Row>
        ))}
        {witnesses.length === 0 && (
          <Row name="Witnesses">
            <span className="text-faint">none: nobody else can tell whether this history was made anew</span>
          </Row>
        )}
      </dl>
    </>
  );
}

function Row({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="grid grid-cols-[9rem_minmax(0,1fr)] gap-3 border-b border-line py-2">
      <dt className="text-soft">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
