import type { CourseStatus } from '../api/courses.js';
import type { MaintenanceListState } from '../api/maintenance.js';
import { DueIcon, LateIcon, UpcomingIcon } from './icons.js';
import { deviationName, words } from './labels.js';

const chip = 'inline-flex items-center gap-1 rounded px-1.5 py-px text-xs font-medium whitespace-nowrap';

/** A deviation from the protocol, with how often it happened where that is more than once. */
export function DeviationChip({ kind, count = 1 }: { kind: string; count?: number }) {
  return (
    <span className={`${chip} bg-iodine-wash text-iodine print:border print:border-strong`}>
      {deviationName(kind)}
      {count > 1 && <span className="font-semibold">×{count}</span>}
    </span>
  );
}

export function DeviationChips({ deviations }: { deviations: Partial<Record<string, number>> }) {
  const kinds = Object.entries(deviations);
  if (kinds.length === 0) return <span className="text-faint">none</span>;
  return (
    <span className="flex flex-wrap gap-1">
      {kinds.map(([kind, count]) => (
        <DeviationChip key={kind} kind={kind} count={count} />
      ))}
    </span>
  );
}

const STATE_TONE: Record<MaintenanceListState, string> = {
  overdue: 'text-iodine',
  due: 'text-gentian',
  upcoming: 'text-soft',
  unscheduled: 'text-soft',
};
const STATE_ICON = { overdue: LateIcon, due: DueIcon, upcoming: UpcomingIcon, unscheduled: UpcomingIcon } as const;

/** A state of maintenance as shape, colour and word. */
export function StateMark({ state, label }: { state: MaintenanceListState; label?: string }) {
  const Mark = STATE_ICON[state];
  return (
    <span className={`inline-flex items-center gap-1.5 font-semibold whitespace-nowrap ${STATE_TONE[state]}`}>
      <Mark />
      {label ?? words(state)}
    </span>
  );
}

const STATUS_TONE: Record<CourseStatus, string> = {
  active: 'bg-sage-wash text-sage',
  completed: 'bg-sunken text-soft',
  stopped: 'border border-strong text-soft',
  lapsed: 'border border-strong text-soft',
};

export function CourseStatusChip({ status }: { status: CourseStatus }) {
  return <span className={`${chip} ${STATUS_TONE[status]}`}>{words(status)}</span>;
}

const SESSION_TONE: Record<string, string> = {
  booked: 'border border-strong text-soft',
  performed: 'bg-sage-wash text-sage',
  missed: 'bg-iodine-wash text-iodine',
  cancelled: 'border border-dashed border-strong text-soft line-through',
};

export function SessionStatusChip({ status }: { status: string }) {
  return <span className={`${chip} ${SESSION_TONE[status] ?? 'bg-sunken text-soft'}`}>{words(status)}</span>;
}

/** Something that waits for a person, or that should not be. */
export function WarningChip({ children }: { children: string }) {
  return <span className={`${chip} bg-iodine-wash text-iodine print:border print:border-strong`}>{children}</span>;
}

export function Badge({ children }: { children: string }) {
  return <span className={`${chip} border border-strong text-soft`}>{children}</span>;
}
