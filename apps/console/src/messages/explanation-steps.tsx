import { Link } from '@tanstack/react-router';
import type { DecisionBasis, ExplanationStep } from '../api/messages.js';
import { formatInstant, formatWall } from '../ui/dates.js';
import { basisText, eventName, shortHash } from './message-text.js';

/** Everything that happened to a message, in its order. */
export function ExplanationSteps({ steps }: { steps: ExplanationStep[] }) {
  return (
    <section aria-labelledby="steps" className="mb-8">
      <h2 id="steps" className="mb-3 text-lg font-semibold">
        What happened to it
      </h2>
      <ol className="ml-1.5 border-l-[1.5px] border-strong">
        {steps.map((step) => (
          <Step key={step.position} step={step} />
        ))}
      </ol>
    </section>
  );
}

const NEEDS_A_LOOK = new Set(['MessageFailed', 'MessageOutcomeUnknown']);

function Step({ step: { at, position, type, says, until, attempt, basis } }: { step: ExplanationStep }) {
  return (
    <li className="relative pb-5 pl-5 last:pb-0">
      <span
        aria-hidden="true"
        className="absolute top-1.5 -left-[0.4rem] size-[0.7rem] rounded-full border-2 border-ground bg-ink"
      />
      <h3 className="font-semibold">
        <span className={NEEDS_A_LOOK.has(type) ? 'text-iodine' : ''}>{eventName(type.replace(/^Message/, ''))}</span>
        <span className="ml-2 text-xs font-normal text-faint">
          {formatInstant(at)}, event {position.toLocaleString('en')}
        </span>
      </h3>
      <p className="max-w-[72ch] wrap-anywhere">{says}</p>
      {until && (
        <p className="text-xs text-soft">
          Until {formatWall(until.wall)}, {until.zone} ({formatInstant(until.instant)} by tz database {until.tzdb})
        </p>
      )}
      {attempt && <Attempt attempt={attempt} />}
      {basis && <Basis basis={basis} />}
    </li>
  );
}

function Attempt({ attempt }: { attempt: NonNullable<ExplanationStep['attempt']> }) {
  return (
    <p className="text-soft">
      Written from{' '}
      <Link to="/message-templates/$hash" params={{ hash: attempt.templateHash }} className="link">
        template <span className="code">{shortHash(attempt.templateHash)}</span>
      </Link>
      <span className="block text-xs wrap-anywhere text-faint">
        repeats are told by <span className="code">{attempt.idempotencyKey}</span>
      </span>
    </p>
  );
}

function Basis({ basis }: { basis: DecisionBasis }) {
  return (
    <div className="mt-1 border-l-2 border-line pl-3 text-xs text-soft">
      <p className="text-faint">On record then</p>
      <ul className="flex flex-wrap gap-x-4">
        {basisText(basis).map((phrase) => (
          <li key={phrase}>{phrase}</li>
        ))}
      </ul>
    </div>
  );
}
