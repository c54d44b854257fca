import type { Command } from 'commander';
import type { Client } from '../client.js';
import { asList, print, printList } from '../list.command.js';
import { formatTable } from '../table.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

interface Named {
  readonly id: string;
  readonly code: string | null;
  readonly name?: string | null;
}

interface Message {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly patient: Named;
  readonly course: Named;
  readonly due: { readonly wall: string; readonly zone: string };
  readonly channel: string | null;
  readonly heldFor: readonly string[];
  readonly reason: string | null;
}

interface ListOptions extends TargetOptions {
  readonly json?: boolean;
  readonly status?: string;
  readonly kind?: string;
  readonly patient?: string;
  readonly course?: string;
}

interface ZonedTime {
  readonly wall: string;
  readonly zone: string;
  readonly tzdb: string;
}

interface Step {
  readonly at: string;
  readonly says: string;
  readonly attempt: { readonly templateHash: string; readonly idempotencyKey: string } | null;
  readonly basis: {
    readonly contactConsent: boolean;
    readonly channel: string | null;
    readonly language: string;
    readonly optedOut: readonly string[];
    readonly patientRevision: number;
    readonly zone: string;
    readonly quietHours: { readonly from: string; readonly to: string };
    readonly siteRevision: number;
  } | null;
}

/** As `GET /v1/messages/:id/explanation` answers. */
export interface Explanation {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly key: { readonly cause: object; readonly generation: number };
  readonly rule: {
    readonly protocol: string;
    readonly version: number;
    readonly facts: readonly { readonly id: string; readonly statement: string | null }[];
  };
  readonly plannedFrom: {
    readonly type: string;
    readonly stream: string;
    readonly position: number;
    readonly occurredAt: string;
    readonly recordedAt: string;
  } | null;
  readonly due: ZonedTime;
  readonly expiresAt: string;
  readonly steps: readonly Step[];
}

type Options = TargetOptions & { readonly json?: boolean };

export function addMessages(program: Command): void {
  const messages = program.command('messages').description('what patients are told, and what became of it');
  asList(messages.command('list'))
    .description('each message with its fate; pending ones in the order in which they fall due')
    .option('--status <status>', 'pending, sent, suppressed, expired, failed or unknown')
    .option('--kind <kind>', 'of one kind')
    .option('--patient <patient>', 'of one patient, by code or id')
    .option('--course <course>', 'of one course, by code or id')
    .action(list);
  const about = (name: string, description: string) =>
    withTarget(messages.command(name).argument('<message>', 'its id')).description(description);
  about('explain', 'why it was planned, when and how it went, or why it did not')
    .option('--json', 'print the answer as one JSON object')
    .action((message: string, options: Options) =>
      withClient(options, async (client) => {
        const answer = (await client.request('GET', path(message, 'explanation'))) as Explanation;
        await print(`${options.json ? JSON.stringify(answer) : explained(answer)}\n`);
      }),
    );
  withTarget(messages.command('balance'))
    .description('planned = sent + suppressed + expired + failed + unknown + pending; ends with 1 where it is not so')
    .option('--json', 'print the answer as one JSON object')
    .action(balance);
  about('reopen', 'let one go again of which nobody knows whether it was sent').action(
    (message: string, options: Options) =>
      withClient(options, (client) => decide(client, message, { what: 'reopen', body: {}, said: 'it goes again' })),
  );
  about('confirm-sent', 'record that one of unknown fate was sent')
    .requiredOption('--reference <reference>', 'by what it was found with the provider, or who says so')
    .action((message: string, { reference, ...options }: Options & { reference: string }) =>
      withClient(options, (client) =>
        decide(client, message, { what: 'confirm-sent', body: { reference }, said: 'it is on record as sent' }),
      ),
    );
}

const path = (message: string, what: string): string => `/v1/messages/${encodeURIComponent(message)}/${what}`;

const list = ({ status, kind, patient, course, ...options }: ListOptions): Promise<void> =>
  printList<Message>(options, {
    path: '/v1/messages',
    query: { status, kind, patient, course },
    json: (message) => message,
    headings: ['id', 'due', 'kind', 'status', 'channel', 'course', 'patient', 'why'],
    row: (message) => [
      message.id,
      message.due.wall.replace('T', ' '),
      message.kind,
      message.heldFor.length > 0 ? 'held' : message.status,
      message.channel,
      message.course.code ?? message.course.id,
      message.patient.code ?? message.patient.id,
      message.heldFor.length > 0 ? message.heldFor.join(' ') : message.reason,
    ],
    empty: 'There are no such messages.',
  });

async function decide(
  client: Client,
  message: string,
  { what, body, said }: { readonly what: string; readonly body: object; readonly said: string },
): Promise<void> {
  await client.request('POST', path(message, what), body);
  await print(`${message}: ${said}\n`);
}

const FATES = ['sent', 'suppressed', 'expired', 'failed', 'unknown', 'pending'] as const;
type Balance = Readonly<Record<(typeof FATES)[number] | 'planned', number>>;

const balance = (options: Options): Promise<void> =>
  withClient(options, async (client) => {
    const counts = (await client.request('GET', '/v1/messages/balance')) as Balance;
    const sum = FATES.reduce((total, fate) => total + counts[fate], 0);
    const rows = [...FATES.map((fate) => [fate, counts[fate]] as const), ['planned', counts.planned] as const];
    const verdict =
      sum === counts.planned
        ? 'In balance.'
        : `Out of balance: the fates come to ${sum}, planned are ${counts.planned}.`;
    await print(
      options.json ? `${JSON.stringify(counts)}\n` : `${formatTable(['fate', 'messages'], rows)}\n\n${verdict}\n`,
    );
    if (sum !== counts.planned) process.exitCode = 1;
  });

const time = (instant: string): string => instant.slice(0, 16).replace('T', ' ');

/** The whole chain of reasons, a line for each. */
export function explained({ id, kind, status, key, rule, plannedFrom, due, expiresAt, steps }: Explanation): string {
  const cause = Object.values(key.cause).join(' ');
  return [
    `${kind} ${id}: ${status}`,
    '',
    `About ${cause}, generation ${key.generation}.`,
    `By the protocol ${rule.protocol}, version ${rule.version}.`,
    ...rule.facts.map((fact) => `  It rests on ${fact.id}${fact.statement === null ? '' : `: ${fact.statement}`}`),
    plannedFrom === null
      ? 'The event that it was planned from is not on record.'
      : `Planned from ${plannedFrom.type} in ${plannedFrom.stream} at position ${plannedFrom.position}: it happened ${time(plannedFrom.occurredAt)} UTC and was recorded ${time(plannedFrom.recordedAt)} UTC.`,
    `Due ${due.wall.replace('T', ' ')} (${due.zone}, tz database ${due.tzdb}); of no use after ${time(expiresAt)} UTC.`,
    '',
    ...steps.flatMap(stepLines),
  ].join('\n');
}

function stepLines({ at, says, attempt, basis }: Step): string[] {
  return [
    `${time(at)} UTC  ${says}`,
    ...(attempt ? [`    Template ${attempt.templateHash}, key ${attempt.idempotencyKey}.`] : []),
    ...(basis
      ? [
          `    On record then: ${basis.contactConsent ? 'may be written to' : 'may not be written to'}, ${basis.channel ?? 'no channel'}, ${basis.language}${basis.optedOut.length > 0 ? `, wants no ${basis.optedOut.join(', ')}` : ''} (patient at revision ${basis.patientRevision});`,
          `    quiet from ${basis.quietHours.from} to ${basis.quietHours.to} in ${basis.zone} (site at revision ${basis.siteRevision}).`,
        ]
      : []),
  ];
}
