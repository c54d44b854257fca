import { type Command, InvalidArgumentError } from 'commander';
import { validateProtocol } from '#libs/protocols/src/validate.js';
import { type Client, headOf, ProblemAnswered, withQuery } from '../client.js';
import { asList, print, printList } from '../list.command.js';
import { printFindings, readProtocolFile } from '../protocol-file.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';
import { addWhatIf } from './what-if.command.js';

interface Summary {
  readonly code: string;
  readonly version: number;
  readonly state: string;
  readonly title: Readonly<Record<string, string>>;
  readonly publishedAt: string;
  readonly retiredAt: string | null;
}

interface Answer {
  readonly id: string;
  readonly position: string;
}

export function addProtocols(program: Command): void {
  const protocols = program.command('protocols').description('the rules of each procedure, as versions of data');
  asList(protocols.command('list'))
    .description('every published version, and which are retired')
    .action((options: TargetOptions & { json?: boolean }) =>
      printList<Summary>(options, {
        path: '/v1/protocols',
        json: ({ code, version, state, title, publishedAt, retiredAt }) => ({
          code,
          version,
          state,
          title,
          publishedAt,
          retiredAt,
        }),
        headings: ['protocol', 'version', 'state', 'published', 'retired', 'title'],
        row: ({ code, version, state, publishedAt, retiredAt, title }) => [
          code,
          version,
          state,
          publishedAt.slice(0, 10),
          retiredAt && retiredAt.slice(0, 10),
          title['en'] ?? Object.values(title)[0] ?? '',
        ],
        empty: 'No protocols are published.',
      }),
    );
  withTarget(protocols.command('show').argument('<code>'))
    .description('a protocol as JSON, to be written to a file, changed and published')
    .option('--version <number>', 'one version; without it, the one that new courses are planned with', versionNumber)
    .action(show);
  protocols
    .command('validate')
    .argument('<file>', 'a protocol as JSON')
    .description('what is to be mended before it can be published; ends with 1 when there is anything')
    .option('--json', 'one JSON object for each finding')
    .action(validate);
  withTarget(protocols.command('publish').argument('<file>', 'a protocol as JSON'))
    .description('publish a protocol as the next version of its code; the same one again adds nothing')
    .option('--json', 'print the version as one JSON object')
    .action(publish);
  withTarget(protocols.command('retire').argument('<code>').argument('<version>', 'its number', versionNumber))
    .description('plan no new course with a version any more; courses that were planned with it go on')
    .action(retire);
  addWhatIf(protocols);
}

function versionNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Give the number of a version, for example 1.');
  return Number(text);
}

async function show(code: string, options: TargetOptions & { version?: number }): Promise<void> {
  await withClient(options, async (client) => {
    const query = { version: options.version?.toString(), position: await headOf(client) };
    const protocol = await client.request('GET', withQuery(`/v1/protocols/${encodeURIComponent(code)}`, query));
    await print(`${JSON.stringify(protocol, undefined, 2)}\n`);
  });
}

/** Looks at the file alone: no data is needed to mend it. */
async function validate(file: string, options: { json?: boolean }): Promise<void> {
  const content = readProtocolFile(file);
  const result = validateProtocol({ version: 1, ...content });
  if (result.ok) {
    if (!options.json) await print(`${file}: nothing to mend in ${result.protocol.code}.\n`);
    return;
  }
  process.exitCode = 1;
  await printFindings(result.findings, options);
}

/** A draft is made only of what may be published: nothing is left behind by a file that is still to be mended. */
async function publish(file: string, options: TargetOptions & { json?: boolean }): Promise<void> {
  const content = readProtocolFile(file);
  const { code } = content;
  const result = validateProtocol({ version: 1, ...content });
  if (!result.ok || typeof code !== 'string') {
    process.exitCode = 1;
    const findings = result.ok ? [] : result.findings;
    await printFindings(findings, { json: options.json, then: 'Nothing was published.\n' });
    return;
  }
  await withClient(options, async (client) => {
    const { version, isNew } = await published(client, code, content);
    const line = isNew ? `${code} version ${version} is published.` : `${code} version ${version} says this already.`;
    await print(options.json ? `${JSON.stringify({ code, version, new: isNew })}\n` : `${line}\n`);
  });
}

async function published(client: Client, code: string, draft: object): Promise<{ version: number; isNew: boolean }> {
  const before = await newest(client, code);
  const drafted = (await client.request('POST', '/v1/protocols/drafts', { code, draft })) as Answer;
  const path = `/v1/protocols/drafts/${drafted.id}`;
  const { position } = await client.request('POST', `${path}/publish`).then(
    (answer) => answer as Answer,
    async (refusal: unknown) => {
      await client.request('DELETE', path);
      throw refusal;
    },
  );
  const { version } = (await client.request('GET', withQuery(path, { position }))) as { version: number };
  return { version, isNew: version !== before };
}

/** The version that new courses are planned with; undefined where the code is new. */
async function newest(client: Client, code: string): Promise<number | undefined> {
  const query = { position: await headOf(client) };
  try {
    const protocol = await client.request('GET', withQuery(`/v1/protocols/${encodeURIComponent(code)}`, query));
    return (protocol as { version: number }).version;
  } catch (error) {
    if (error instanceof ProblemAnswered && error.status === 404) return undefined;
    throw error;
  }
}

async function retire(code: string, version: number, options: TargetOptions): Promise<void> {
  await withClient(options, async (client) => {
    await client.request('POST', `/v1/protocols/${encodeURIComponent(code)}/versions/${version}/retire`);
    await print(`${code} version ${version} is retired: no new course is planned with it.\n`);
  });
}
