import type { Command } from 'commander';
import { print } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

interface Dispatch {
  readonly open: boolean;
  readonly closedAt: string | null;
  readonly reason: string | null;
  readonly doubtSince: string | null;
}

type Options = TargetOptions & { readonly json?: boolean };

export function addDispatch(program: Command): void {
  const dispatch = program.command('dispatch').description('whether messages leave');
  const command = (name: string, description: string) =>
    withTarget(dispatch.command(name)).description(description).option('--json', 'print the answer as one JSON object');
  command('state', 'whether they leave now, and why not').action((options: Options) =>
    withClient(options, async (client) => {
      const state = (await client.request('GET', '/v1/dispatch')) as Dispatch;
      await tell(options, state, said(state));
    }),
  );
  command('close', 'let none leave; what falls due waits')
    .requiredOption('--reason <text>', 'why, for whoever asks later')
    .action((options: Options & { reason: string }) =>
      withClient(options, async (client) => {
        const state = (await client.request('POST', '/v1/dispatch/close', { reason: options.reason })) as Dispatch;
        await tell(options, state, said(state));
      }),
    );
  command('open', 'let them leave again').action((options: Options) =>
    withClient(options, async (client) => {
      const opened = (await client.request('POST', '/v1/dispatch/open', {})) as { readonly doubted: number };
      const doubted =
        opened.doubted === 0
          ? ''
          : ` ${opened.doubted} were due after the backup and may have been sent: they are unknown now.`;
      await tell(options, opened, `Messages leave.${doubted}`);
    }),
  );
}

const tell = ({ json }: Options, answer: object, words: string): Promise<void> =>
  print(`${json ? JSON.stringify(answer) : words}\n`);

function said({ open, closedAt, reason, doubtSince }: Dispatch): string {
  if (open) return 'Messages leave.';
  const doubt =
    doubtSince === null ? '' : ` What was due since ${doubtSince} may have been sent, and becomes unknown at opening.`;
  return `No message leaves since ${closedAt ?? ''}: ${reason ?? ''}.${doubt}`;
}
