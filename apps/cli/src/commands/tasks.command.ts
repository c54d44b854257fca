import type { Command } from 'commander';
import { asList, print, printList } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

interface Named {
  readonly id: string;
  readonly code: string | null;
  readonly name: string | null;
}

interface Task {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly state: string;
  readonly site: Named;
  readonly patient: Named | null;
  readonly dueBy: string;
  readonly overdue: boolean;
  readonly by: { readonly actor: string; readonly practitioner: Named | null } | null;
  readonly outcome: string | null;
  readonly withdrawnFor: string | null;
}

interface ListOptions extends TargetOptions {
  readonly json?: boolean;
  readonly site?: string;
  readonly state: string;
}

interface ActOptions extends TargetOptions {
  readonly practitioner?: string;
  readonly over?: boolean;
  readonly outcome?: string;
  readonly note?: string;
}

/** What `list` shows without `--state`: what waits for somebody. */
const WAITING = 'open,taken';

export function addTasks(program: Command): void {
  const tasks = program.command('tasks').description('what a person has to see to');
  asList(tasks.command('list', { isDefault: true }))
    .description('what waits for somebody, in the order in which it is due')
    .option('--site <site>', 'of one site, by its code or id')
    .option('--state <states>', 'open, taken, done or withdrawn; several parted by commas', WAITING)
    .action(list);
  withTarget(tasks.command('take').argument('<task>', 'its id'))
    .description('say who sees to it')
    .option('--practitioner <practitioner>', 'by code or id')
    .option('--over', 'take it from whoever has it')
    .action((task: string, { practitioner, over, ...target }: ActOptions) =>
      act(task, 'take', { practitioner, over }, { target, done: 'taken' }),
    );
  withTarget(tasks.command('done').argument('<task>', 'its id'))
    .description('record that somebody has seen to it')
    .requiredOption(
      '--outcome <outcome>',
      'patient-spoken-to, patient-not-reached, physician-informed, booked-anew, sent-otherwise, patients-told, nothing-to-do or other',
    )
    .option('--note <text>', 'what is to be known about it; closed under the key of the patient')
    .option('--practitioner <practitioner>', 'by code or id')
    .action((task: string, { practitioner, outcome, note, ...target }: ActOptions) =>
      act(task, 'done', { practitioner, outcome, note }, { target, done: 'done' }),
    );
}

const list = ({ site, state, ...options }: ListOptions): Promise<void> =>
  printList<Task>(options, {
    path: '/v1/tasks',
    query: { site, state },
    json: (task) => task,
    headings: ['id', 'due by', 'severity', 'kind', 'state', 'site', 'patient', 'by'],
    row: (task) => [
      task.id,
      `${task.dueBy.slice(0, 16).replace('T', ' ')}${task.overdue ? ' overdue' : ''}`,
      task.severity,
      task.kind,
      task.outcome ?? task.withdrawnFor ?? task.state,
      task.site.code ?? task.site.name,
      task.patient && (task.patient.name ?? task.patient.code ?? 'erased'),
      task.by && (task.by.practitioner?.name ?? task.by.actor),
    ],
    empty: 'Nothing waits for a person.',
  });

const act = (
  task: string,
  what: 'take' | 'done',
  body: object,
  { target, done }: { readonly target: TargetOptions; readonly done: string },
): Promise<void> =>
  withClient(target, async (client) => {
    await client.request('POST', `/v1/tasks/${encodeURIComponent(task)}/${what}`, body);
    await print(`${task}: ${done}\n`);
  });
