import type { Command } from 'commander';
import type { UserView } from '#libs/access/src/user/users/users.contract.js';
import { Invalid } from '#libs/kernel/src/errors.js';
import { asList, print, printList } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

type Options = TargetOptions & { readonly json?: boolean };

interface InviteOptions extends Options {
  readonly role: readonly string[];
  readonly site: readonly string[];
  readonly patient?: string;
}

const several = (value: string, before: readonly string[]): string[] => [...before, value];

export function addUsers(program: Command): void {
  const users = program.command('users').description('people who sign in, and the roles they hold');
  asList(users.command('list', { isDefault: true }))
    .description('who may sign in')
    .action((options: Options) =>
      printList<UserView>(options, {
        path: '/v1/users',
        json: (user) => user,
        headings: ['id', 'name', 'state', 'roles'],
        row: ({ id, name, status, grants }) => [id, name, status, grants.map(said).join(', ')],
        empty: 'Nobody is invited yet: pistor users invite NAME --role administrator',
      }),
    );
  withTarget(users.command('invite'))
    .argument('<name>', 'how they are called')
    .option('--role <role>', 'a role; may be given several times', several, [])
    .option('--site <site>', 'where the roles are held, by id or code; all sites without it', several, [])
    .option('--patient <patient>', 'of the role patient: whose record it is')
    .option('--json', 'print the answer as one JSON object')
    .description('invite somebody, and print the code with which they sign in for the first time')
    .action((name: string, options: InviteOptions) =>
      withClient(options, async (client) => {
        const made = (await client.request('POST', '/v1/users', { name, grants: grantsOf(options) })) as { id: string };
        await tellCode(options, made.id, await client.request('POST', `/v1/users/${made.id}/invitation`, {}));
      }),
    );
  withTarget(users.command('code'))
    .argument('<user>', 'the id of the user')
    .option('--json', 'print the answer as one JSON object')
    .description('print a fresh code for somebody: for a further passkey, or in place of a code that was lost')
    .action((user: string, options: Options) =>
      withClient(options, async (client) =>
        tellCode(options, user, await client.request('POST', `/v1/users/${user}/invitation`, {})),
      ),
    );
  for (const [word, done] of [
    ['disable', 'is disabled, and signed out everywhere'],
    ['enable', 'may sign in again'],
  ] as const) {
    withTarget(users.command(word))
      .argument('<user>', 'the id of the user')
      .requiredOption('--reason <text>', 'why, for whoever asks later')
      .description(word === 'disable' ? 'let somebody in no more, at once' : 'let a disabled user in again')
      .action((user: string, options: TargetOptions & { reason: string }) =>
        withClient(options, async (client) => {
          await client.request('POST', `/v1/users/${user}/${word}`, { reason: options.reason });
          await print(`${user} ${done}.\n`);
        }),
      );
  }
}

const said = ({ role, site, patient }: UserView['grants'][number]): string =>
  role === 'patient' ? `patient ${patient}` : `${role} ${site === null ? 'everywhere' : `at ${site}`}`;

function grantsOf({ role, site, patient }: InviteOptions): object[] {
  if (role.length === 0) {
    throw new Invalid('users.no-role', 'Say which role they are to hold: --role administrator, for example.');
  }
  return role.flatMap((each) => {
    if (each === 'patient') return [{ role: each, patient }];
    return site.length === 0 ? [{ role: each }] : site.map((at) => ({ role: each, site: at }));
  });
}

/** The code goes to standard output, so that it can be piped; it is never shown again. */
async function tellCode({ json }: Options, user: string, answer: unknown): Promise<void> {
  const { code, expiresAt } = answer as { code: string; expiresAt: string };
  if (json) return print(`${JSON.stringify({ user, code, expiresAt })}\n`);
  await print(`${user}\nThe code for signing in the first time, good once and until ${expiresAt}:\n${code}\n`);
}
