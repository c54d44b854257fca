import type { Command } from 'commander';
import { asList, printList } from '../list.command.js';
import type { TargetOptions } from '../target.js';

interface Course {
  readonly course: string | null;
  readonly id: string;
  readonly protocol: string;
  readonly planned: number;
  readonly performed: number;
  readonly maintenancePerformed: number;
  readonly status: string;
  readonly first: string | null;
  readonly last: string | null;
  readonly nextEarliest: string | null;
  readonly maintenance: { readonly opens: string; readonly closes: string; readonly state: string } | null;
  readonly deviations: Readonly<Record<string, number>>;
}

interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly today?: string;
  readonly site?: string;
  readonly status?: string;
}

export function addCourses(program: Command): void {
  asList(program.command('courses'))
    .description('where each treatment course stands')
    .option('--today <date>', 'another date than that of the clock, as YYYY-MM-DD')
    .option('--site <site>', 'of one site, by its code or id')
    .option('--status <status>', 'active, completed or stopped')
    .action((options: Options) =>
      printList<Course>(options, {
        path: '/v1/courses',
        query: { today: options.today, site: options.site, status: options.status },
        json: ({
          course,
          id,
          protocol,
          planned,
          performed,
          maintenancePerformed,
          status,
          first,
          last,
          nextEarliest,
          maintenance,
          deviations,
        }) => ({
          course: course ?? id,
          protocol,
          planned,
          performed,
          maintenancePerformed,
          status,
          first,
          last,
          nextEarliest,
          maintenance: maintenance && {
            opens: maintenance.opens,
            closes: maintenance.closes,
            state: maintenance.state,
          },
          deviations,
        }),
        headings: [
          'course',
          'protocol',
          'sessions',
          'status',
          'first',
          'last',
          'next from',
          'maintenance',
          'deviations',
        ],
        row: (item) => [
          item.course ?? item.id,
          item.protocol,
          `${item.performed}/${item.planned}`,
          item.status,
          item.first,
          item.last,
          item.nextEarliest,
          item.maintenance && `${item.maintenance.state} ${item.maintenance.opens} – ${item.maintenance.closes}`,
          Object.entries(item.deviations)
            .map(([kind, n]) => (n === 1 ? kind : `${kind} ×${n}`))
            .join(', '),
        ],
        empty: 'No courses yet. Import a history: pistor import FOLDER',
      }),
    );
}
