import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { LedgerReader } from './ledger-reader.js';
import type { LedgerTables } from './ledger-tables.js';
import { formatNote, parseSignature, type VerifierKey, verifySignature } from './signed-note.js';
import { witnessRequest } from './witness.js';
import type { LedgerLogger } from './publisher.js';

/** A witness that checkpoints are shown to. */
export interface WitnessAddress {
  readonly key: VerifierKey;
  /** Without `/add-checkpoint` and without a slash at its end. */
  readonly url: string;
}

export interface SubmitterDependencies {
  readonly chains: Pick<Chains, 'all'>;
  readonly tables: LedgerTables;
  readonly reader: LedgerReader;
  readonly witnesses: readonly WitnessAddress[];
  readonly log: LedgerLogger;
  /** Whether this process moves the tree of a chain: one shows its checkpoints. */
  readonly owns: (chain: Chain) => boolean;
}

/** A witness that does not answer by then is asked another time. */
const ANSWER_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 16 * 1024;
/** A witness that is away is asked anew after so long, and ever more seldom. */
const RETRY_MS = 2_000;
const RETRY_MS_MAX = 60_000;

interface Standing {
  /** What the witness has co-signed last, as far as is known. */
  size: number;
  failures: number;
  retryAt: number;
  problem: string | null;
}

/** Shows published checkpoints to witnesses and keeps their co-signatures. The tree does not wait for it. */
export class WitnessSubmitter {
  private readonly standings = new Map<string, Standing>();

  constructor(private readonly deps: SubmitterDependencies) {}

  /** What stands between us and witnesses now, by their names: nothing is said of those that co-sign. */
  problems(): { readonly witness: string; readonly problem: string }[] {
    return this.deps.witnesses.flatMap(({ key }) =>
      [...this.standings].flatMap(([name, { problem }]) =>
        name.startsWith(`${key.name} `) && problem !== null ? [{ witness: key.name, problem }] : [],
      ),
    );
  }

  /** Shows the newest checkpoint of each chain to every witness that has not seen it. To be called again and again. */
  async tick(): Promise<void> {
    const { chains, witnesses, owns, tables } = this.deps;
    if (witnesses.length === 0) return;
    for (const chain of await chains.all()) {
      if (!owns(chain)) continue;
      const checkpoint = await tables.published(chain);
      if (!checkpoint) continue;
      await Promise.all(witnesses.map((witness) => this.show(chain, witness, checkpoint)));
    }
  }

  private async show(
    chain: Chain,
    witness: WitnessAddress,
    checkpoint: { readonly size: number; readonly body: string; readonly lines: readonly string[] },
  ): Promise<void> {
    const name = `${witness.key.name} ${chain.no}`;
    const standing = this.standings.get(name) ?? { size: 0, failures: 0, retryAt: 0, problem: null };
    this.standings.set(name, standing);
    if (checkpoint.lines.some((line) => line.startsWith(`\u2014 ${witness.key.name} `))) return;
    if (performance.now() < standing.retryAt) return;
    try {
      await this.submit(chain, witness, checkpoint, standing);
      Object.assign(standing, { failures: 0, retryAt: 0, problem: null });
    } catch (error) {
      const problem = (error as Error).message;
      if (standing.problem !== problem) this.deps.log.warn({ witness: witness.key.name, chain: chain.slug }, problem);
      standing.failures += 1;
      standing.retryAt = performance.now() + Math.min(RETRY_MS * 2 ** (standing.failures - 1), RETRY_MS_MAX);
      standing.problem = problem;
    }
  }

  private async submit(
    chain: Chain,
    { key, url }: WitnessAddress,
    { size, body, lines }: { readonly size: number; readonly body: string; readonly lines: readonly string[] },
    standing: Standing,
  ): Promise<void> {
    const { reader, tables } = this.deps;
    // What it has seen is not always known: it tells.
    for (let tries = 0; tries < 2; tries++) {
      if (standing.size > size) {
        throw new Error(
          `The witness ${key.name} has co-signed ${standing.size} leaves, and the published tree has ${size}: the database was put back.`,
        );
      }
      const { proof } = await reader.consistency(chain, standing.size, size);
      const answer = await post(`${url}/add-checkpoint`, witnessRequest(standing.size, proof, formatNote(body, lines)));
      if (answer.status === 200) {
        const line = answer.text
          .split('\n')
          .find((each) => each.startsWith(`\u2014 ${key.name} `) && verifySignature(body, parseSignature(each), key));
        if (line === undefined) throw new Error(`The witness ${key.name} has answered without its co-signature.`);
        await tables.addSignatures(chain, [{ size, name: key.name, keyId: key.id, line }]);
        standing.size = size;
        return;
      }
      const seen =
        answer.status === 409 ? Number(/^\d{1,16}$/.exec(answer.text.trim())?.[0] ?? Number.NaN) : Number.NaN;
      if (!Number.isSafeInteger(seen) || seen === standing.size) {
        throw new Error(`The witness ${key.name} refuses the checkpoint of ${size} leaves (${answer.status}).`);
      }
      standing.size = seen;
    }
    throw new Error(`The witness ${key.name} has changed its mind about what it has seen.`);
  }
}

async function post(url: string, body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    // Somebody else at another address is not the witness that was named.
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const text = Buffer.from(await response.arrayBuffer());
  if (text.length > ANSWER_BYTES_MAX) throw new Error(`${url} answers with ${text.length} bytes.`);
  return { status: response.status, text: text.toString('utf8') };
}
