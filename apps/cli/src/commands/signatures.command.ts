import type { Command } from 'commander';
import { asList, print, printList } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

interface Signature {
  readonly signatureId: string;
  readonly position: number;
  readonly entry: string;
  readonly meaning: string;
  readonly signer: string;
  readonly name: string | null;
  readonly signedAt: string;
  readonly intact: boolean;
}

interface SignOptions extends TargetOptions {
  readonly position: string;
  readonly meaning: string;
}

export function addSignatures(program: Command): void {
  const signatures = program.command('signatures').description('signatures under the entries of a patient’s record');
  asList(signatures.command('list').argument('<patient>', 'by code or id'))
    .description('who has signed what, and whether what was signed is intact')
    .action((patient: string, options: TargetOptions & { readonly json?: boolean }) =>
      printList<Signature>(options, {
        path: pathOf(patient),
        json: (signature) => signature,
        headings: ['signed', 'who', 'as', 'entry', 'position', 'intact'],
        row: ({ signedAt, name, signer, meaning, entry, position, intact }) => [
          ...[signedAt, name ?? signer, meaning, entry, position, intact ? 'yes' : 'NO'],
        ],
        empty: 'Nothing is signed.',
        isExact: true,
      }),
    );
  withTarget(signatures.command('add').argument('<patient>', 'by code or id'))
    .description('sign an entry')
    .requiredOption('--position <n>', 'of the entry, as `timeline --json` shows it')
    .requiredOption('--meaning <meaning>', 'authorship, consent, override, closure or review')
    .action((patient: string, { position, meaning, ...target }: SignOptions) =>
      withClient(target, async (client) => {
        const body = { position: Number(position), meaning };
        const { id } = (await client.request('POST', pathOf(patient), body)) as { id: string };
        await print(`${id}: signed\n`);
      }),
    );
}

const pathOf = (patient: string): string => `/v1/patients/${encodeURIComponent(patient)}/signatures`;
