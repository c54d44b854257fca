import { ApiProblem, ServerLost } from '../api/http.js';

/** What went wrong and what to mend: the server's own words, field by field. */
export function ProblemPanel({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : null;
  const title = problem?.title ?? (error instanceof ServerLost ? 'The server does not answer' : 'That did not work');
  const detail =
    problem?.message ??
    (error instanceof ServerLost
      ? 'Nothing was lost. The page loads by itself when the server is back.'
      : error.message);
  return (
    <section role="alert" className="max-w-2xl border-l-4 border-iodine bg-surface px-4 py-3">
      <h2 className="text-base font-semibold">{title}</h2>
      {detail !== title && <p className="mt-1 text-soft">{detail}</p>}
      {problem && problem.fields.length > 0 && (
        <ul className="mt-3 space-y-1.5">
          {problem.fields.map((field) => (
            <li key={`${field.field} ${field.message}`}>
              {field.field !== '' && <code className="code mr-2 font-semibold">{field.field}</code>}
              {field.message}
              {field.accepted && <span className="text-soft"> Accepted: {field.accepted}.</span>}
              {field.rule && <span className="code ml-2 text-faint">{field.rule}</span>}
              {field.facts && field.facts.length > 0 && (
                <span className="code ml-2 text-faint">{field.facts.join(' ')}</span>
              )}
            </li>
          ))}
        </ul>
      )}
      <div className="mt-3 flex items-center gap-3">
        {onRetry && (
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        )}
        {problem && <code className="code text-faint">{problem.code}</code>}
      </div>
    </section>
  );
}
