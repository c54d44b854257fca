import type { Command } from 'commander';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { print } from '../list.command.js';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the tables up to date, with the login of DATABASE_OWNER_URL, and make the one of DATABASE_URL')
    .option('--data <folder>', 'an embedded data folder (default: ./data, or what DATABASE_URL names)')
    .option('--json', 'print the outcome as one JSON object')
    .action(run);
}

async function run(options: { readonly data?: string; readonly json?: boolean }): Promise<void> {
  const configuration = readConfiguration(process.env, { dataFolder: options.data });
  const { bringUpToDate } = await import('#libs/composition/src/bring-up-to-date.js');
  const { applied, login, warning } = await bringUpToDate(configuration);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  if (options.json) return print(`${JSON.stringify({ applied, login: login ?? null })}\n`);
  const lines = applied.map((file) => `applied ${file}`);
  if (login !== undefined) lines.push(`made the login ${login}, which can read events and append them`);
  lines.push('The tables are up to date.');
  return print(`${lines.join('\n')}\n`);
}
