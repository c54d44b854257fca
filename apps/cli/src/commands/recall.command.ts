import { type Command, Option } from 'commander';
import { type Client, headOf, itemsOf, withQuery } from '../client.js';
import { asList, print } from '../list.command.js';
import { formatTable } from '../table.js';
import type { TargetOptions } from '../target.js';
import { withClient } from '../with-client.js';

interface Named {
  readonly id: string;
  readonly code: string | null;
  readonly name: string | null;
}

interface Trace {
  readonly product: string;
  readonly lotNumber: string;
  readonly recall: {
    readonly status: string;
    readonly notices: readonly { readonly recalledOn: string; readonly reference: string; readonly cause: string }[];
  } | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly volumeMl: number;
}

/** A row of any list of a trace: what it has depends on the list. */
interface Row {
  readonly patient: Named;
  readonly site: Named;
  readonly practitioner: Named;
  readonly course: { readonly id: string; readonly code: string | null };
  readonly at: string;
  readonly volumeMl: number | null;
  readonly sessions: number;
  readonly patients: number;
  readonly firstOn: string;
  readonly lastOn: string;
  readonly told: { readonly on: string; readonly how: string } | null;
  readonly kind: string;
  readonly severity: string | null;
  readonly onsetOn: string;
  readonly status: string;
  readonly on: string;
  readonly how: string;
}

type Cell = string | number | null;

interface List {
  readonly headings: readonly string[];
  readonly row: (row: Row) => readonly Cell[];
}

const named = ({ code, name, id }: Named): string => (code && name ? `${code} ${name}` : (code ?? name ?? id));

const sessions: List = {
  headings: ['when', 'site', 'patient', 'practitioner', 'course', 'ml'],
  row: ({ at, site, patient, practitioner, course, volumeMl }) => [
    at.slice(0, 16).replace('T', ' '),
    named(site),
    named(patient),
    named(practitioner),
    course.code ?? course.id,
    volumeMl,
  ],
};
const patients: List = {
  headings: ['patient', 'sessions', 'first', 'last', 'told'],
  row: ({ patient, sessions: count, firstOn, lastOn, told }) => [
    ...[named(patient), count, firstOn, lastOn],
    told && `${told.on} ${told.how}`,
  ],
};

/** In the order in which they are printed. */
const LISTS: Readonly<Record<string, List>> = {
  sites: { headings: ['site', 'sessions', 'patients'], row: (row) => [named(row.site), row.sessions, row.patients] },
  practitioners: {
    headings: ['practitioner', 'sessions', 'patients'],
    row: (row) => [named(row.practitioner), row.sessions, row.patients],
  },
  patients,
  'not-told': patients,
  sessions,
  planned: sessions,
  'adverse-events': {
    headings: ['onset', 'patient', 'site', 'kind', 'severity', 'status'],
    row: (row) => [row.onsetOn, named(row.patient), named(row.site), row.kind, row.severity, row.status],
  },
  told: { headings: ['told on', 'patient', 'how'], row: (row) => [row.on, named(row.patient), row.how] },
};

/** Those who have not been told stand among the patients already. */
const ALL = Object.keys(LISTS).filter((list) => list !== 'not-told');

interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly list?: string;
}

export function addRecall(program: Command): void {
  asList(program.command('recall').argument('<product>', 'name of the product').argument('<lot>', 'lot number'))
    .description('everything that a lot touched: sessions, patients, sites, what is planned on it, who has been told')
    .addOption(new Option('--list <list>', 'one list only').choices(Object.keys(LISTS)))
    .action((product: string, lot: string, options: Options) =>
      withClient(options, async (client) => {
        const query = { product, lot, position: await headOf(client) };
        if (options.list === undefined) await printSummary(client, query, options);
        for (const list of options.list === undefined ? ALL : [options.list]) {
          await printRows(client, list, query, options);
        }
      }),
    );
}

type Query = Readonly<Record<string, string>>;

async function printSummary(client: Client, query: Query, { json }: Options): Promise<void> {
  const trace = (await client.request('GET', withQuery('/v1/lots/trace', { ...query, limit: '1' }))) as Trace;
  const { product, lotNumber, recall, counts, volumeMl } = trace;
  if (json) return print(`${JSON.stringify({ product, lot: lotNumber, recall, counts, volumeMl })}\n`);
  const latest = recall?.notices.at(-1);
  const state = latest
    ? `${recall?.status === 'lifted' ? 'recall lifted' : 'recalled'}, ${latest.recalledOn}, ${latest.reference}, ${latest.cause}`
    : 'not recalled';
  const rows = Object.entries(counts).map(([what, count]): Cell[] => [what, count]);
  await print(`${product}, lot ${lotNumber}: ${state}\n\n${formatTable(['touched', 'count'], rows)}\n`);
}

async function printRows(client: Client, list: string, query: Query, { json, list: only }: Options): Promise<void> {
  const { headings, row } = LISTS[list] as List;
  const items = itemsOf<Row>(client, `/v1/lots/trace/${list}`, query);
  if (json) {
    for await (const item of items) await print(`${JSON.stringify({ list, ...item })}\n`);
    return;
  }
  const rows: (readonly Cell[])[] = [];
  for await (const item of items) rows.push(row(item));
  if (rows.length > 0) await print(`${only === undefined ? `\n${list}\n` : ''}${formatTable(headings, rows)}\n`);
  else if (only !== undefined) await print('Nothing is on record.\n');
}
