import { useQuery } from '@tanstack/react-query';
import { type MessageDetail, type MessageStep, messageQuery } from '../api/messages.js';
import { formatInstant } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';

/** Why this message exists and what became of it: its cause, the statements behind its rule, its steps. */
export function MessageReasoning({ message }: { message: string }) {
  const query = useQuery(messageQuery(message));
  return (
    <section aria-labelledby="reasoning" className="mt-5">
      <h3 id="reasoning" className="mb-2 text-sm font-semibold">
        Why, and what became of it
      </h3>
      <Loaded query={query} lines={3}>
        {(detail) => (
          <>
            <p className="text-soft">
              {causeText(detail)}
              {detail.facts.length > 0 && (
                <>
                  {' '}
                  The rule rests on <span className="code text-ink">{detail.facts.join(', ')}</span>.
                </>
              )}
              {detail.generation > 0 &&
                ` It was re-planned ${detail.generation === 1 ? 'once' : `${detail.generation} times`}.`}
              {detail.expiresAt && ` Of use until ${formatInstant(detail.expiresAt)}.`}
            </p>
            <ol className="mt-2 border-t border-line">
              {detail.history.map((step, n) => (
                <li
                  key={`${step.type} ${step.at} ${n}`}
                  className="grid gap-x-4 border-b border-line py-1.5 sm:grid-cols-[11rem_minmax(0,1fr)]"
                >
                  <span className="text-faint">{formatInstant(step.at)}</span>
                  <span>
                    {words(
                      step.type
                        .replace(/^Message/, '')
                        .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
                        .toLowerCase(),
                    )}
                    <span className="text-faint">{detailsOf(step)}</span>
                  </span>
                </li>
              ))}
            </ol>
          </>
        )}
      </Loaded>
    </section>
  );
}

function causeText(detail: MessageDetail): string {
  if (detail.cause.kind === 'session') return 'Its cause is a session of this course.';
  if (detail.cause.kind === 'maintenance-window')
    return `Its cause is maintenance window ${detail.cause.ordinal} of this course.`;
  return `Its cause: ${words(detail.cause.kind).toLowerCase()}.`;
}

/** Whatever else a step says, in short; ids and hashes say nothing to a reader. */
function detailsOf(step: MessageStep): string {
  const parts = Object.entries(step).flatMap(([name, value]) =>
    !/^(type|at|.*id|.*hash|.*key|providerReference)$/i.test(name) &&
    (typeof value === 'string' || typeof value === 'number')
      ? [`${words(name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')).toLowerCase()} ${value}`]
      : [],
  );
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}
