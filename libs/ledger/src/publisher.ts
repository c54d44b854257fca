import type { Chain } from '#libs/event-store/src/chains.js';
import { describeError } from '#libs/kernel/src/log.js';
import { formatCheckpoint, originOf } from './checkpoint.js';
import type { CheckpointFolder } from './checkpoint-folder.js';
import type { CommittedTree } from './committed-tree.js';
import { LedgerBroken } from './ledger.errors.js';
import { type LedgerKeys, publicKeyOf } from './ledger-keys.js';
import type { LedgerTables, SignatureRow } from './ledger-tables.js';
import { formatNote, type SigningKey, signText } from './signed-note.js';

/** Checkpoints that are published at a time; there is more than one only after writing them outside has failed. */
const PUBLISHED_AT_ONCE = 500;

/** Where a process may be ended, for tests that end it there. */
export type LedgerStep = 'leased' | 'checked' | 'hashed' | 'committed' | 'signed' | 'written' | 'published';

export interface LedgerLogger {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  info?(fields: object, message: string): void;
}

export interface PublisherDependencies {
  readonly tables: LedgerTables;
  readonly keys: LedgerKeys;
  readonly folder: CheckpointFolder;
  readonly log: LedgerLogger;
  /** Called before the next step. */
  readonly onStep?: ((step: LedgerStep) => void | Promise<void>) | undefined;
}

/**
 * Signs checkpoints that were committed and writes them outside the database, before they are served. Only what was
 * committed is signed, and of each size one root is committed: signing twice, or in two processes, makes no fork.
 */
export class Publisher {
  /** Why the last try failed, of each chain. */
  private readonly failed = new Map<number, string>();

  constructor(private readonly deps: PublisherDependencies) {}

  /**
   * Publishes what is not published yet, oldest first. Where the folder cannot be written it says so and goes on another
   * time.
   * @returns whether all is published
   * @throws LedgerBroken `ledger.tree-changed` for a body that is not the tree's; LedgerKeyProblem
   */
  async publish(tree: CommittedTree): Promise<boolean> {
    const { tables, keys, folder, onStep } = this.deps;
    const { chain } = tree;
    for (;;) {
      const pending = await tables.unpublished(chain, PUBLISHED_AT_ONCE);
      const [first] = pending;
      if (!first) return true;
      for (const checkpoint of pending) await this.demandOfTree(tree, checkpoint);
      const signing = keys.file.keys() ?? (await keys.settle(chain));
      await keys.register(chain, signing, first.size, () => tables.publishedSize(chain));
      const signed = pending.map(({ size, body }) => ({ size, body, rows: sign(chain, size, body, signing) }));
      const notes = signed.map(({ size, body, rows }) => ({
        size,
        note: formatNote(
          body,
          rows.map(({ line }) => line),
        ),
      }));
      await onStep?.('signed');
      try {
        await folder.write(chain.id, notes);
      } catch (error) {
        await this.tellFailed(chain, error);
        return false;
      }
      await onStep?.('written');
      await tables.publish(
        chain,
        signed.flatMap(({ rows }) => rows),
      );
      if (this.failed.delete(chain.no)) await tables.recordPublishProblem(chain, null);
      await onStep?.('published');
      if (pending.length < PUBLISHED_AT_ONCE) return true;
    }
  }

  /** What is signed is what the tree says, and not what somebody has put into a row since. */
  private async demandOfTree(
    tree: CommittedTree,
    { size, body }: { readonly size: number; readonly body: string },
  ): Promise<void> {
    const { row, chain } = tree;
    const root = size === row.size ? row.root : size < row.size ? await tree.rootAt(size) : undefined;
    if (root && body === formatCheckpoint({ origin: originOf(chain.id), size, root })) return;
    throw new LedgerBroken(
      'ledger.tree-changed',
      `The checkpoint of ${size} leaves that stands in the database is not the tree's. It is not signed.`,
      { size },
    );
  }

  private async tellFailed(chain: Chain, error: unknown): Promise<void> {
    const detail = describeFailure(error);
    if (this.failed.get(chain.no) !== detail) {
      this.deps.log.warn({ chain: chain.slug, error: describeError(error) }, `ledger: ${detail}`);
      this.failed.set(chain.no, detail);
    }
    await this.deps.tables.recordPublishProblem(chain, detail);
  }
}

const describeFailure = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
};

const sign = (chain: Chain, size: number, body: string, keys: readonly SigningKey[]): SignatureRow[] =>
  keys
    .map((key) => {
      const { name, id } = publicKeyOf(chain, key);
      return { size, name, keyId: id, line: signText(body, originOf(chain.id), key) };
    })
    // As they are served: the note is the same wherever it stands.
    .sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
