import type { Command } from 'commander';
import { asList, printList } from '../list.command.js';
import type { TargetOptions } from '../target.js';

interface TimelineItem {
  readonly position: number;
  readonly type: string;
  readonly occurredAt: string;
  readonly precision: string;
  readonly wall: string | null;
  readonly recordedAt: string;
  readonly origin: string;
  readonly site: { readonly code: string | null; readonly name: string } | null;
  readonly course: { readonly code: string | null; readonly protocol: string } | null;
  readonly title: string;
  readonly details: Readonly<Record<string, string | number | readonly string[]>>;
}

export function addTimeline(program: Command): void {
  asList(program.command('timeline').argument('<patient>', 'id or code of the patient'))
    .description('everything that is on record about one patient, in the order in which it happened')
    .action((patient: string, options: TargetOptions & { json?: boolean }) =>
      printList<TimelineItem>(options, {
        path: `/v1/patients/${encodeURIComponent(patient)}/timeline`,
        query: { order: 'asc' },
        json: (item) => item,
        headings: ['when', 'site', 'course', 'what', 'recorded'],
        row: ({ wall, occurredAt, precision, site, course, title, recordedAt, origin }) => [
          precision === 'unknown' ? '' : (wall ?? occurredAt).slice(0, precision === 'day' ? 10 : 16).replace('T', ' '),
          site && (site.code ?? site.name),
          course && (course.code ?? course.protocol),
          title,
          `${recordedAt.slice(0, 16).replace('T', ' ')} ${origin === 'import' ? '(import)' : ''}`.trimEnd(),
        ],
        empty: 'Nothing is on record.',
      }),
    );
}
