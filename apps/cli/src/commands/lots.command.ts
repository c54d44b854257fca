import type { Command } from 'commander';
import { asList, printList } from '../list.command.js';
import type { TargetOptions } from '../target.js';

interface LotUsage {
  readonly product: string;
  readonly lot: string;
  readonly sessions: number;
  readonly patients: number;
  readonly sites: readonly string[];
  readonly expired: number;
}

export function addLots(program: Command): void {
  asList(program.command('lots'))
    .description('which lots were used where, and on how many patients')
    .action((options: TargetOptions & { json?: boolean }) =>
      printList<LotUsage>(options, {
        path: '/v1/lots/usage',
        json: ({ product, lot, sessions, patients, sites, expired }) => ({
          product,
          lot,
          sessions,
          patients,
          sites,
          expired,
        }),
        headings: ['product', 'lot', 'sessions', 'patients', 'expired', 'sites'],
        row: ({ product, lot, sessions, patients, sites, expired }) => [
          product,
          lot,
          sessions,
          patients,
          expired,
          sites.join(', '),
        ],
        empty: 'No lot was used yet.',
      }),
    );
}
