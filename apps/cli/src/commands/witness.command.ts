import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { runUntilSignal } from '#libs/composition/src/run-until-signal.js';
import { LOOPBACK, parsePort } from '#libs/http/src/listening-address.js';
import { parseVkey } from '#libs/ledger/src/signed-note.js';
import { print } from '../list.command.js';

interface Options {
  readonly log: string[];
  readonly name: string;
  readonly folder: string;
  readonly host: string;
  readonly port: string;
}

export function addWitness(program: Command): void {
  program
    .command('witness')
    .description('co-sign checkpoints of a ledger, and refuse one that does not continue what was co-signed before')
    .requiredOption('--log <vkey...>', 'keys of the ledgers, as `pistor ledger keys` prints them')
    .option('--name <name>', 'under which it co-signs', `${hostname()}/pistor-witness`)
    .option('--folder <folder>', 'where it keeps its key and what it has co-signed', 'witness')
    .option('--host <address>', 'where it listens', LOOPBACK)
    .option('--port <port>', 'the port; 0 for any free one', '3010')
    .addHelpText(
      'after',
      '\nIt says nothing to anybody but in answer to a checkpoint that one of the ledgers has signed, so it may listen on\n' +
        'any address. Run it on another machine, better in other hands, and name it to Pistor in PISTOR_WITNESSES.',
    )
    .action(run);
}

const run = ({ log, name, folder, host, port }: Options): Promise<void> =>
  runUntilSignal(async () => {
    const logs = log.map(parseVkey);
    const { runWitness } = await import('#libs/ledger/src/run-witness.js');
    const witness = await runWitness({ name, folder: resolve(folder), logs, host, port: parsePort(port) });
    await print(
      `Co-signs ${logs.map((key) => key.name).join(', ')} at ${witness.url}\n` +
        `For Pistor: PISTOR_WITNESSES="${witness.vkey} ${witness.url}"\n`,
    );
    return witness.close;
  });
