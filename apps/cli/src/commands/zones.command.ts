import type { Command } from 'commander';
import { print } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

type Options = TargetOptions & { readonly json?: boolean };

export function addZones(program: Command): void {
  const zones = program.command('zones').description('plans, and the rules of time zones');
  withTarget(zones.command('replan'))
    .description('move plans to the instants that the present rules give; wall times stay')
    .option('--json', 'print the answer as one JSON object')
    .action((options: Options) =>
      withClient(options, async (client) => {
        const moved = (await client.request('POST', '/v1/zones/replan', {})) as { sessions: number; messages: number };
        const words = `Moved ${moved.sessions} sessions and ${moved.messages} messages to other instants.`;
        await print(`${options.json ? JSON.stringify(moved) : words}\n`);
      }),
    );
}
