import type { Command } from 'commander';
import { withQuery } from '../client.js';
import { print } from '../list.command.js';
import { formatTable } from '../table.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

interface Options extends TargetOptions {
  readonly json?: boolean;
}

interface ProofOptions extends Options {
  readonly size?: string;
  readonly from?: string;
}

interface Keys {
  readonly origin: string;
  readonly keys: readonly {
    readonly vkey: string;
    readonly keyId: string;
    readonly fromSize: number;
    readonly untilSize: number | null;
  }[];
}

interface Proof {
  readonly root?: string;
  readonly toRoot?: string;
  readonly leafHash?: string;
  readonly proof: readonly string[];
}

export function addLedger(program: Command): void {
  const ledger = program.command('ledger').description('the tree over all events, by which a history is proved');
  withTarget(ledger.command('checkpoint', { isDefault: true }))
    .description('the newest checkpoint as a signed note')
    .option('--size <leaves>', 'that of an older, published tree')
    .action(checkpoint);
  withTarget(ledger.command('proof').argument('[position]', 'of an event'))
    .description('proves that an event stands in a tree, or with --from that a tree continues a smaller one')
    .option('--size <leaves>', 'of the tree; of the published one without it')
    .option('--from <leaves>', 'of the smaller tree')
    .option('--json', 'as one JSON object')
    .action(proof);
  withTarget(ledger.command('keys'))
    .description('the public keys that sign, or have signed')
    .option('--json', 'as one JSON object')
    .action((options: Options) =>
      withClient(options, async (client) =>
        tellKeys((await client.request('GET', '/v1/ledger/keys')) as Keys, options),
      ),
    );
  withTarget(ledger.command('rotate-key'))
    .description('let another key sign: first both sign, with --finish the newer one alone')
    .option('--finish', 'take the older key away')
    .option('--json', 'as one JSON object')
    .action(({ finish, ...options }: Options & { readonly finish?: boolean }) =>
      withClient(options, async (client) => {
        const body = { step: finish ? 'finish' : 'begin' };
        await tellKeys((await client.request('POST', '/v1/ledger/keys/rotate', body)) as Keys, options);
        tellRotation(finish === true);
      }),
    );
}

const checkpoint = ({ size, ...target }: ProofOptions): Promise<void> =>
  withClient(target, async (client) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of client.bytes('GET', withQuery('/v1/ledger/checkpoint', { size }))) chunks.push(chunk);
    await print(Buffer.concat(chunks).toString('utf8'));
  });

const proof = (position: string | undefined, { size, from, json, ...target }: ProofOptions): Promise<void> =>
  withClient(target, async (client) => {
    const found = (await client.request('GET', pathOf(position, { size, from }))) as Proof;
    if (json) return print(`${JSON.stringify(found)}\n`);
    const { proof: hashes, ...told } = found;
    const rows = Object.entries(told).map(([name, value]) => [name, String(value)]);
    await print(`${formatTable(['', ''], [...rows, ...hashes.map((hash, i) => [i === 0 ? 'proof' : '', hash])])}\n`);
  });

const pathOf = (position: string | undefined, { size, from }: Pick<ProofOptions, 'size' | 'from'>): string =>
  from === undefined
    ? withQuery('/v1/ledger/proofs/inclusion', { position, size })
    : withQuery('/v1/ledger/proofs/consistency', { from, to: size });

async function tellKeys({ origin, keys }: Keys, { json }: Options): Promise<void> {
  if (json) return print(`${JSON.stringify({ origin, keys })}\n`);
  const rows = keys.map(({ fromSize, untilSize, vkey }) => [fromSize, untilSize ?? 'signs', vkey]);
  await print(
    keys.length === 0 ? `Nothing was signed for ${origin} yet.\n` : `${formatTable(['from', 'until', 'key'], rows)}\n`,
  );
}

function tellRotation(finish: boolean): void {
  const told = finish
    ? 'From the next checkpoint on the newer key signs alone.'
    : 'From the next checkpoint on both keys sign. Tell those who verify of the newer one, then: pistor ledger rotate-key --finish';
  process.stderr.write(`${told}\n`);
}
