import type { Command } from 'commander';
import type { Client } from '../client.js';
import { print } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';
import { formatTable } from '../table.js';

interface BucketKeys {
  readonly vault: { readonly kind: string; readonly place: string };
  readonly waiting: number;
  readonly items: readonly {
    readonly bucket: number;
    readonly newest: number;
    readonly oldest: number;
    readonly keys: number;
    readonly rotatedAt: string;
  }[];
}

interface Rotated {
  readonly bucket: number;
  readonly version: number;
  readonly rewrapped: number;
  readonly todo: string | null;
}

interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly bucket?: string;
}

/** The keys that wrap those of persons. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('the keys that wrap those of persons, outside the database');
  withTarget(keys.command('list', { isDefault: true }))
    .description('where they are, and in which versions')
    .option('--json', 'as one JSON object')
    .action(list);
  withTarget(keys.command('rotate'))
    .description('give buckets other keys, wrap the keys of persons anew and destroy the older ones')
    .option('--bucket <number>', 'one bucket; all that wrap anything where it is left out')
    .option('--json', 'one JSON object a line')
    .action(rotate);
}

const list = ({ json, ...target }: Options): Promise<void> =>
  withClient(target, async (client) => {
    const found = await listed(client);
    if (json) return print(`${JSON.stringify(found)}\n`);
    const { vault, waiting, items } = found;
    await print(`${vault.kind}: ${vault.place}\n`);
    if (waiting > 0) await print(`${waiting} keys of persons are still wrapped by the master key\n`);
    await print(
      `${formatTable(
        ['bucket', 'version', 'oldest', 'keys', 'changed at'],
        items.map((item) => [
          ...[item.bucket, item.newest, item.oldest, item.keys],
          item.rotatedAt.slice(0, 16).replace('T', ' '),
        ]),
      )}\n`,
    );
  });

const rotate = ({ bucket, json, ...target }: Options): Promise<void> =>
  withClient(target, async (client) => {
    const buckets = bucket === undefined ? (await listed(client)).items.map((item) => item.bucket) : [bucket];
    const todos = new Set<string>();
    for (const each of buckets) {
      const rotated = (await client.request('POST', `/v1/keys/${encodeURIComponent(each)}/rotate`)) as Rotated;
      if (rotated.todo !== null) todos.add(rotated.todo);
      await print(
        json
          ? `${JSON.stringify(rotated)}\n`
          : `bucket ${rotated.bucket}: version ${rotated.version}, ${rotated.rewrapped} keys wrapped anew\n`,
      );
    }
    for (const todo of todos) process.stderr.write(`${todo}\n`);
  });

const listed = async (client: Client): Promise<BucketKeys> => (await client.request('GET', '/v1/keys')) as BucketKeys;
