import { type Command, InvalidArgumentError } from 'commander';
import { Invalid } from '#libs/kernel/src/errors.js';
import { isLocalDate } from '#libs/kernel/src/zoned-time.js';
import { validateProtocol } from '#libs/protocols/src/validate.js';
import type { WhatIfLine } from '#libs/what-if/src/what-if.js';
import type { WhatIfRequest, WhatIfSummary } from '#libs/what-if/src/what-if.contract.js';
import { answeredLines, type Client, headOf, withQuery } from '../client.js';
import { print } from '../list.command.js';
import { progressBar } from '../progress.js';
import { printFindings, readProtocolFile } from '../protocol-file.js';
import { formatTable } from '../table.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

interface Options extends TargetOptions {
  readonly draft?: string;
  readonly from: string;
  readonly to: string;
  readonly over?: string;
  readonly site?: string;
  readonly json?: boolean;
}

/** @param protocols the group of commands that it belongs to */
export function addWhatIf(protocols: Command): void {
  withTarget(protocols.command('what-if').argument('[file]', 'a protocol as JSON'))
    .description('what would have been different under a draft in a past period; nothing is written')
    .option('--draft <id>', 'a draft that is stored, instead of a file')
    .requiredOption('--from <date>', 'the first day of the period', localDate)
    .requiredOption('--to <date>', 'the last day of the period', localDate)
    .option('--over <code>', 'the protocol whose courses are replayed (default: that of the draft)')
    .option('--site <site>', 'only the courses of a site, by its code or id')
    .option('--json', 'one JSON object for each course that would differ, and one with the sums')
    .action(whatIf);
}

function localDate(text: string): string {
  if (!isLocalDate(text)) throw new InvalidArgumentError('Give a day, for example 2026-01-31.');
  return text;
}

async function whatIf(file: string | undefined, options: Options): Promise<void> {
  const { draft, from, to, over, site, json = false } = options;
  if ((file === undefined) === (draft === undefined)) {
    throw new Invalid('what-if.source', 'Name a file with a protocol, or a draft with --draft: one of the two.');
  }
  const content = file === undefined ? undefined : { ...readProtocolFile(file) };
  const validation = content && validateProtocol({ version: 1, ...content });
  if (validation && !validation.ok) {
    process.exitCode = 1;
    return printFindings(validation.findings, { json, then: 'Nothing was replayed.\n' });
  }
  const what = content ? { protocol: content } : { draft };
  const request = { ...what, from, to, over, site, details: json };
  const bar = progressBar('replaying', 'courses');
  const onInterrupted = 'Interrupted. Nothing was written.';
  await withClient({ ...options, onInterrupted }, (client) => replay(client, request, bar).finally(() => bar.stop()));
}

async function replay(client: Client, request: WhatIfRequest, bar: ReturnType<typeof progressBar>): Promise<void> {
  const path = withQuery('/v1/protocols/what-if', { position: await headOf(client) });
  for await (const line of answeredLines<WhatIfLine>(client, 'POST', path, request)) {
    if ('progress' in line) {
      bar.update(line.progress.done, line.progress.total);
    } else if (request.details) {
      await print(`${JSON.stringify(line)}\n`);
    } else if ('summary' in line) {
      bar.stop();
      await print(humanSummary(line.summary, request));
    }
  }
}

function humanSummary(summary: WhatIfSummary, { from, to }: WhatIfRequest): string {
  const { courses, differing, sessions } = summary;
  const looked = `${from} to ${to}: ${plural(courses, 'course')} with ${plural(sessions, 'performed session')}`;
  if (differing === 0) return `${looked}. Nothing would differ.\n`;
  const byKind = (counts: WhatIfSummary['blocked']) =>
    Object.entries(counts).map(([kind, count]): [string, number] => [`  ${kind}`, count]);
  const rows: [string, number][] = [
    ['courses', differing],
    ['plans that would need a reason', summary.plansBlocked],
    ['plans that would need none any more', summary.plansFreed],
    ['sessions that would be blocked', summary.sessionsBlocked],
    ...byKind(summary.blocked),
    ['sessions that would be let pass', summary.sessionsFreed],
    ...byKind(summary.freed),
    ['due dates that would move', summary.dueDatesMoved],
    ['messages that would be new', summary.messagesAdded],
    ['messages that would not go', summary.messagesDropped],
    ['messages that would go at another time', summary.messagesMoved],
    ['messages that would say something else', summary.messagesReworded],
  ];
  return `${looked}.\n\n${formatTable(['what would differ', 'how many'], rows)}\n`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
