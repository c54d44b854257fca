import type { Command } from 'commander';
import { asList, printList } from '../list.command.js';
import type { TargetOptions } from '../target.js';

interface Due {
  readonly course: { readonly id: string; readonly code: string | null; readonly protocol: string };
  readonly patient: { readonly id: string; readonly code: string | null; readonly name: string | null };
  readonly site: { readonly id: string; readonly code: string | null; readonly name: string };
  /** Null while a physician is still to set the window; then `latest` says by when it should be over. */
  readonly opens: string | null;
  readonly closes: string | null;
  readonly latest: string | null;
  readonly state: string;
  readonly booked: { readonly at: string } | null;
}

interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly today?: string;
  readonly site?: string;
  readonly state?: string;
}

export function addMaintenance(program: Command): void {
  asList(program.command('maintenance'))
    .description('whose maintenance is upcoming, due or overdue')
    .option('--site <site>', 'of one site, by its code or id')
    .option('--state <states>', 'upcoming, due, overdue or unscheduled; several parted by commas')
    .option('--today <date>', 'another date than that of the clock, as YYYY-MM-DD')
    .action((options: Options) =>
      printList<Due>(options, {
        path: '/v1/maintenance',
        query: { site: options.site, state: options.state, today: options.today },
        json: ({ course, patient, site, opens, closes, latest, state, booked }) => ({
          course: course.code ?? course.id,
          protocol: course.protocol,
          patient: patient.code ?? patient.id,
          site: site.code ?? site.id,
          opens,
          closes,
          latest,
          state,
          booked: booked && booked.at,
        }),
        headings: ['site', 'state', 'opens', 'closes', 'course', 'protocol', 'patient', 'name', 'booked'],
        row: ({ course, patient, site, opens, closes, latest, state, booked }) => [
          site.code ?? site.name,
          state,
          opens,
          closes ?? latest,
          course.code ?? course.id,
          course.protocol,
          patient.code ?? patient.id,
          patient.name ?? 'erased',
          booked && booked.at,
        ],
        empty: 'No maintenance is upcoming, due or overdue.',
      }),
    );
}
