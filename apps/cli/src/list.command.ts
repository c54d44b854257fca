import type { Command } from 'commander';
import { headOf, itemsOf } from './client.js';
import { formatTable } from './table.js';
import { type TargetOptions, withTarget } from './target.js';
import { withClient } from './with-client.js';

/** A command that prints a list: one JSON object a line, or a table. */
export interface ListCommand<Item> {
  readonly path: string;
  readonly query?: Record<string, string | undefined>;
  /** What `--json` prints of an item; the keys in this order. */
  readonly json: (item: Item) => object;
  readonly headings: readonly string[];
  readonly row: (item: Item) => readonly (string | number | null)[];
  /** What to say when there is nothing. */
  readonly empty: string;
  /** It is no read model that would have to come to the head first. */
  readonly isExact?: boolean;
}

export const asList = (command: Command): Command => withTarget(command).option('--json', 'one JSON object a line');

export async function printList<Item>(
  options: TargetOptions & { readonly json?: boolean },
  list: ListCommand<Item>,
): Promise<void> {
  await withClient(options, async (client) => {
    const items = itemsOf<Item>(client, list.path, {
      ...list.query,
      ...(!list.isExact && { position: await headOf(client) }),
    });
    await (options.json ? printJson(items, list) : printTable(items, list));
  });
}

async function printJson<Item>(items: AsyncIterable<Item>, list: ListCommand<Item>): Promise<void> {
  for await (const item of items) await print(`${JSON.stringify(list.json(item))}\n`);
}

async function printTable<Item>(items: AsyncIterable<Item>, list: ListCommand<Item>): Promise<void> {
  const rows: (readonly (string | number | null)[])[] = [];
  for await (const item of items) rows.push(list.row(item));
  await print(rows.length === 0 ? `${list.empty}\n` : `${formatTable(list.headings, rows)}\n`);
}

/** Waits for a slow reader: a pipe takes only so much at once. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
