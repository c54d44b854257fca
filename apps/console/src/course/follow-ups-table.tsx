import type { FollowUp, LastingReaction } from '../api/courses.js';
import { formatDate, formatTime } from '../ui/dates.js';
import { plural, words } from '../ui/labels.js';

/** Check-ups with what was seen. */
export function FollowUpsTable({ followUps }: { followUps: FollowUp[] }) {
  if (followUps.length === 0) return null;
  return (
    <section aria-labelledby="follow-ups" className="mb-8">
      <h2 id="follow-ups" className="mb-1 text-lg font-semibold">
        Follow-ups
      </h2>
      <table className="ledger">
        <caption className="sr-only">Follow-ups with reactions, adverse events and outcome</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col" className="max-sm:hidden">
              Kind
            </th>
            <th scope="col">Reactions</th>
            <th scope="col">Adverse event</th>
            <th scope="col" className="max-sm:hidden">
              Outcome, 1–5
            </th>
          </tr>
        </thead>
        <tbody>
          {followUps.map((followUp) => (
            <tr key={followUp.id}>
              <th scope="row">
                <span className="whitespace-nowrap">
                  <span className="font-semibold">{formatDate(followUp.at)}</span> {formatTime(followUp.at)}
                </span>
                <span className="block text-xs text-faint sm:hidden">
                  {words(followUp.kind)}
                  {followUp.outcomeScore !== null && `, outcome ${followUp.outcomeScore}`}
                </span>
              </th>
              <td className="max-sm:hidden">{words(followUp.kind)}</td>
              <td>
                {followUp.reactions.map(words).join(', ') || <span className="text-faint">none</span>}
                {followUp.resolvedReactions.length > 0 && (
                  <span className="block text-xs text-faint">
                    passed: {followUp.resolvedReactions.map(words).join(', ')}
                  </span>
                )}
                {followUp.lasting.map((lasting) => (
                  <Lasting key={`${lasting.reaction} ${lasting.sessionId}`} lasting={lasting} />
                ))}
              </td>
              <td>
                {followUp.adverseEvent ? (
                  <b className="text-iodine">
                    {[words(followUp.adverseEvent.kind), followUp.adverseEvent.severity].filter(Boolean).join(', ')}
                  </b>
                ) : (
                  <span className="text-faint">none</span>
                )}
              </td>
              <td className="max-sm:hidden">
                {followUp.outcomeScore ?? <span className="text-faint">not scored</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A reaction that is proposed as an adverse event, until somebody judges it. */
function Lasting({ lasting: { reaction, days, withinDays } }: { lasting: LastingReaction }) {
  const expected = withinDays === null ? 'not expected at all' : `expected to pass within ${plural(withinDays, 'day')}`;
  return (
    <span className="mt-0.5 block text-iodine">
      <b className="font-semibold">Possible adverse event:</b> {words(reaction).toLowerCase()} after{' '}
      {plural(days, 'day')}, {expected}
    </span>
  );
}
