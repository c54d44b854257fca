import type { Command } from 'commander';
import type { ApiKeyView } from '#libs/access/src/user/users/users.contract.js';
import { asList, print, printList } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

type Options = TargetOptions & { readonly json?: boolean };

interface CreateOptions extends Options {
  readonly scope: readonly string[];
  readonly site: readonly string[];
  readonly days?: string;
}

const several = (value: string, before: readonly string[]): string[] => [...before, value];

export function addApiKeys(program: Command): void {
  const keys = program.command('api-keys').description('keys of machines that use the API');
  asList(keys.command('list', { isDefault: true }))
    .description('the keys, without their secrets')
    .action((options: Options) =>
      printList<ApiKeyView>(options, {
        path: '/v1/api-keys',
        json: (key) => key,
        headings: ['id', 'name', 'begins with', 'state', 'until', 'last used', 'scopes'],
        row: ({ id, name, prefix, state, expiresAt, usedAt, scopes }) => [
          ...[id, name, prefix, state, expiresAt.slice(0, 10), usedAt?.slice(0, 10) ?? 'never', scopes.join(' ')],
        ],
        empty: 'No machine has a key.',
      }),
    );
  withTarget(keys.command('create'))
    .argument('<name>', 'what the machine is called: lower-case letters, digits and hyphens')
    .requiredOption(
      '--scope <scope>',
      'what it may do, for example patient.read; may be given several times',
      several,
      [],
    )
    .option('--site <site>', 'where, by id or code; all sites without it', several, [])
    .option('--days <days>', 'for how long (default: 90)')
    .option('--json', 'print the answer as one JSON object')
    .description('make a key and print it, this once')
    .action((name: string, options: CreateOptions) =>
      withClient(options, async (client) => {
        const { scope: scopes, site: sites, days } = options;
        const made = (await client.request('POST', '/v1/api-keys', {
          ...{ name, scopes },
          ...(sites.length > 0 && { sites }),
          ...(days !== undefined && { days: Number(days) }),
        })) as { key: string; expiresAt: string };
        await print(options.json ? `${JSON.stringify(made)}\n` : `${made.key}\n`);
        if (!options.json) process.stderr.write(`Good until ${made.expiresAt}. It is not shown again.\n`);
      }),
    );
  withTarget(keys.command('revoke'))
    .argument('<key>', 'the id of the key')
    .description('revoke a key, at once')
    .action((key: string, options: TargetOptions) =>
      withClient(options, async (client) => {
        await client.request('POST', `/v1/api-keys/${key}/revoke`, {});
        await print(`${key} is revoked.\n`);
      }),
    );
}
