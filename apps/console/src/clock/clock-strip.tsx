import { useQuery } from '@tanstack/react-query';
import { clockQuery } from '../api/clock.js';
import { formatDay, formatInstant, formatTime } from '../ui/dates.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { ProgressBar } from '../ui/progress-bar.js';
import { advanceShare } from './advance-share.js';
import { useAdvance } from './use-advance.js';

const STEPS = [
  { label: '1 day', by: { days: 1 } },
  { label: '1 week', by: { days: 7 } },
  { label: '1 month', by: { months: 1 } },
  { label: '3 months', by: { months: 3 } },
] as const;

/** A sandbox chain's own time, and the way to let it pass. A live chain has no such strip. */
export function ClockStrip() {
  const advance = useAdvance();
  const clock = useQuery({ ...clockQuery, refetchInterval: advance.isAdvancing ? 600 : 30_000 }).data;
  if (!clock?.sandbox) return null;
  const running = clock.advancing;
  const busy = advance.isAdvancing || running !== null;
  return (
    <section
      aria-label="Clock of the sandbox"
      className="border-b border-line bg-surface bg-[repeating-linear-gradient(135deg,var(--sunken)_0_1px,transparent_1px_7px)]"
    >
      <div className="mx-auto flex min-h-11 max-w-[90rem] flex-wrap items-center gap-x-4 gap-y-1 px-4 py-1.5 lg:px-6">
        <p className="bg-surface px-1">
          <span className="text-xs text-faint">Sandbox time </span>
          <span className="font-semibold">{formatDay(clock.now)}</span>{' '}
          <span className="text-soft">{formatTime(clock.now)} UTC</span>
        </p>
        {busy ? (
          <div className="flex min-w-48 flex-1 items-center gap-3 bg-surface px-1 py-1">
            <ProgressBar label="Letting time pass" value={running ? advanceShare(running) : 0} max={100} />
            <span className="text-xs whitespace-nowrap text-soft">
              {running ? `to ${formatDay(running.to)}` : 'letting time pass'}
            </span>
          </div>
        ) : (
          <div role="group" aria-label="Let time pass" className="flex flex-wrap gap-1 bg-surface">
            {STEPS.map(({ label, by }) => (
              <button
                key={label}
                type="button"
                onClick={() => advance.start(by)}
                className="min-h-7 rounded-[4px] border border-strong px-2 font-medium hover:border-ink hover:bg-sunken"
              >
                +{label}
              </button>
            ))}
          </div>
        )}
        {!busy && clock.nextDue && (
          <p className="bg-surface px-1 text-xs text-soft max-md:hidden">
            next message due {formatInstant(clock.nextDue)}
          </p>
        )}
      </div>
      {advance.error && (
        <div className="mx-auto max-w-[90rem] px-4 pb-3 lg:px-6">
          <ProblemPanel error={advance.error} />
        </div>
      )}
    </section>
  );
}
