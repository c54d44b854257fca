import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { CourseRef } from '../api/common.js';
import type { Explanation } from '../api/messages.js';
import { FactTexts } from '../protocols/fact-texts.js';
import { formatInstant, formatWall } from '../ui/dates.js';
import { messageKind, words } from '../ui/labels.js';
import { CourseLink } from '../ui/names.js';
import { causeText, eventName, generationText, ruleText } from './message-text.js';

interface ExplanationGroundsProps {
  explanation: Explanation;
  course: CourseRef | undefined;
}

/** Why a message was planned, and for when. */
export function ExplanationGrounds({ explanation, course }: ExplanationGroundsProps) {
  const { kind, key, rule, plannedFrom, due, expiresAt } = explanation;
  return (
    <section aria-labelledby="grounds" className="mb-8">
      <h2 id="grounds" className="mb-2 text-lg font-semibold">
        Why it was planned
      </h2>
      <dl className="border-t-[1.5px] border-ink">
        <Ground name="What">
          <b className="font-semibold">{messageKind(kind)}</b>
          {key.precaution && ` (${words(key.precaution).toLowerCase()})`}, about {causeText(key.cause)},{' '}
          {generationText(explanation)}
        </Ground>
        <Ground name="Rule">
          <RuleOfProtocol rule={rule} />
          {rule.facts.length > 0 && (
            <span className="mt-1 block text-soft">
              <FactTexts ids={rule.facts.map(({ id }) => id)} />
            </span>
          )}
        </Ground>
        <Ground name="Planned from">
          {plannedFrom ? (
            <>
              <b className="font-semibold">{eventName(plannedFrom.type)}</b>
              {course && (
                <>
                  {' '}
                  in course <CourseLink course={course} />
                </>
              )}
              <span className="block text-xs text-faint">
                happened {formatInstant(plannedFrom.occurredAt)}, recorded {formatInstant(plannedFrom.recordedAt)},
                event {plannedFrom.position.toLocaleString('en')}
              </span>
            </>
          ) : (
            <span className="text-soft">The event is not on record with the course or the patient.</span>
          )}
        </Ground>
        <Ground name="Due">
          <b className="font-semibold">{formatWall(due.wall)}</b> by the clock in {due.zone}
          <span className="block text-xs text-faint">
            {formatInstant(due.instant)} by tz database {due.tzdb}
          </span>
        </Ground>
        <Ground name="Of use until">{formatInstant(expiresAt)}</Ground>
      </dl>
    </section>
  );
}

function RuleOfProtocol({ rule: { protocol, version, text } }: Pick<Explanation, 'rule'>) {
  if (protocol === '') return <span className="text-soft">The course is not on record any more.</span>;
  return (
    <>
      {text && <b className="font-semibold">{ruleText(text)}, </b>}
      {text ? 'by protocol ' : 'No rule of its own: it follows from what was changed. Protocol '}
      <Link to="/protocols/$code" params={{ code: protocol }} className="link">
        {words(protocol)}
      </Link>
      , version {version}
    </>
  );
}

function Ground({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid gap-x-4 border-b border-line py-2 sm:grid-cols-[8rem_minmax(0,1fr)]">
      <dt className="text-soft max-sm:text-xs">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
