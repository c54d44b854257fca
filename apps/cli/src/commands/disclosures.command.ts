import type { Command } from 'commander';
import { asList, printList } from '../list.command.js';
import type { TargetOptions } from '../target.js';

interface Disclosure {
  readonly position: number;
  readonly at: string;
  readonly principal: string;
  readonly name: string | null;
  readonly purpose: string;
  readonly operation: string;
  readonly kind: string;
  readonly ofAnybody: boolean;
  readonly correlationId: string;
}

interface ListOptions extends TargetOptions {
  readonly json?: boolean;
  readonly kind?: string;
  readonly since?: string;
  readonly until?: string;
}

export function addDisclosures(program: Command): void {
  asList(program.command('disclosures').argument('<patient>', 'by code or id'))
    .description('who has seen what of a patient, when and why, newest first')
    .option('--kind <kind>', 'read, search or export')
    .option('--since <instant>', 'such as 2026-01-01T00:00:00.000Z')
    .option('--until <instant>', 'before it')
    .action((patient: string, { kind, since, until, ...options }: ListOptions) =>
      printList<Disclosure>(options, {
        path: `/v1/patients/${encodeURIComponent(patient)}/disclosures`,
        query: { kind, since, until },
        json: (disclosure) => disclosure,
        headings: ['at', 'who', 'why', 'what', 'kind'],
        row: ({ at, name, principal, purpose, operation, kind: how, ofAnybody }) => [
          at,
          name ?? principal,
          purpose,
          operation,
          ofAnybody ? `${how}, of anybody` : how,
        ],
        empty: 'Nobody has seen anything of the patient.',
        isExact: true,
      }),
    );
}
