import { type Command, InvalidArgumentError } from 'commander';
import { answeredLines, type Client, withQuery } from '../client.js';
import { eventLine, type ToldEvent } from '../event-line.js';
import { followEvents } from '../follow-events.js';
import { print } from '../list.command.js';
import { progressBar } from '../progress.js';
import { formatTable } from '../table.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

/** What the server gives at once. */
const PAGE_EVENTS = 500;

interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly from?: string;
  readonly stream?: string;
  readonly category?: readonly string[];
  readonly type?: readonly string[];
}

interface CountLine {
  readonly progress?: { readonly position: number; readonly head: number };
  readonly group?: { readonly by: string; readonly name: string; readonly events: number };
  readonly done?: { readonly events: number; readonly from: number; readonly to: number };
}

export function addEvents(program: Command): void {
  const events = program
    .command('events')
    .description('the log itself, with its open data; personal data stays closed');
  asEvents(events.command('read'))
    .description('events in the order of positions')
    .option('--from <position>', 'position of the first one (default: 1)')
    .option('--limit <count>', 'at most so many (default: all)', wholeNumber)
    .action(read);
  asEvents(events.command('follow'))
    .description('events as they are recorded, until Ctrl-C; goes on by itself after a lost connection')
    .option('--from <position>', 'position of the first one (default: what comes from now on)')
    .action(follow);
  asEvents(events.command('count'))
    .description('how many events there are')
    .option('--from <position>', 'position of the first one that counts (default: 1)')
    .option('--by <what>', 'a count for each type, category or stream')
    .action(count);
}

const asEvents = (command: Command): Command =>
  withTarget(command)
    .option('--stream <stream>', 'of one stream, for example course-0199a000-0000-7000-8000-000000000001')
    .option('--category <category...>', 'of streams of these kinds: course, patient, site …')
    .option('--type <type...>', 'of these types: SessionPerformed …')
    .option('--json', 'one JSON object a line');

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1.');
  return Number(text);
}

const queryOf = ({ from, stream, category, type }: Options): Record<string, string | undefined> => ({
  from,
  stream,
  category: category?.join(','),
  type: type?.join(','),
});

async function read(options: Options & { readonly limit?: number }): Promise<void> {
  await withClient(options, async (client) => {
    const printed = await printEvents(client, options, options.limit);
    if (printed === 0 && !options.json) await print('There are no such events.\n');
  });
}

/** @returns how many */
async function printEvents(client: Client, options: Options, limit = Number.POSITIVE_INFINITY): Promise<number> {
  let printed = 0;
  for (let cursor: string | null | undefined; cursor !== null && printed < limit; ) {
    const most = String(Math.min(PAGE_EVENTS, limit - printed));
    const path = withQuery('/v1/events', { ...queryOf(options), limit: most, cursor });
    const page = (await client.request('GET', path)) as { items: ToldEvent[]; next: string | null };
    for (const event of page.items) await printEvent(event, options);
    printed += page.items.length;
    cursor = page.next;
  }
  return printed;
}

const printEvent = (event: ToldEvent, { json }: Options): Promise<void> =>
  print(`${json ? JSON.stringify(event) : eventLine(event, process.stdout.columns)}\n`);

async function follow(options: Options): Promise<void> {
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  await withClient({ ...options, untilInterrupted: true }, async (client, signal) => {
    if (client.alone) {
      if (options.from !== undefined) await printEvents(client, options);
      say('No server runs on this folder, so nothing more can come: start one with pistor start.');
      return;
    }
    for await (const event of followEvents(client, { query: queryOf(options), signal, say })) {
      await printEvent(event, options);
    }
  });
}

async function count(options: Options & { readonly by?: string }): Promise<void> {
  const { by, json } = options;
  const bar = progressBar('counting', 'events');
  const run = async (client: Client) => {
    const path = withQuery('/v1/events/count', { ...queryOf(options), by });
    const rows: [string, number][] = [];
    for await (const { progress, group, done } of answeredLines<CountLine>(client, 'GET', path)) {
      if (progress) bar.update(progress.position, progress.head);
      else bar.stop();
      if (group && json) await print(`${JSON.stringify({ [group.by]: group.name, events: group.events })}\n`);
      else if (group) rows.push([group.name, group.events]);
      if (done && by === undefined) await print(json ? `${JSON.stringify(done)}\n` : `${done.events} events\n`);
      if (done && by !== undefined && !json)
        await print(`${formatTable([by, 'events'], rows)}\n${done.events} in all\n`);
    }
  };
  await withClient(options, (client) => run(client).finally(() => bar.stop()));
}
