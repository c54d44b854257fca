import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { openCheckpoint, originOf } from './checkpoint.js';
import type { CheckpointFolder } from './checkpoint-folder.js';
import { CommittedTree } from './committed-tree.js';
import type { LogEvent } from './entry.js';
import { EntryTooLarge } from './entry.js';
import { StreamBroken } from './leaves.js';
import { LedgerBroken, LedgerKeyProblem, SequencerReplaced } from './ledger.errors.js';
import { type LedgerLog, PAGE_EVENTS } from './ledger-log.js';
import { publicKeyOf } from './ledger-keys.js';
import type { TreeHead, TreeRow } from './ledger-tables.js';
import { Publisher, type PublisherDependencies } from './publisher.js';
import { HASH_BYTES } from './sha256.js';
import { parseVkey } from './signed-note.js';
import { TreeEdge } from './tree-edge.js';

/** A checkpoint follows so many leaves, or this time, whichever comes first. */
export const CHECKPOINT_LEAVES = 1_024;
export const CHECKPOINT_MS = 1_000;
/** Leaves that are compared with the log by whoever takes a tree over; a `verify` compares them all. */
const CHECKED_LEAVES = 1_000;
/** A tree that the log does not continue is looked at again so often: it may have been mended. */
const BROKEN_MS = 10_000;

export interface SequencerDependencies extends PublisherDependencies {
  readonly chains: Pick<Chains, 'get'>;
  readonly store: Pick<EventStore, 'head' | 'heads'>;
  readonly source: LedgerLog;
  /** Of CHECKPOINT_MS and BROKEN_MS, for tests. */
  readonly times?: { readonly checkpointMs?: number; readonly brokenMs?: number };
}

/**
 * Makes a leaf of every event, one process at a time, in the order of positions. What it commits, it first compares with
 * what was committed before: a log that does not continue the tree stops it, and nothing is overwritten.
 */
export class Sequencer {
  private readonly publisher: Publisher;
  /** Of each chain that this process moves, the tree as it has left it. */
  private readonly trees = new Map<number, CommittedTree>();
  /** The largest tree that this process has seen committed; never forgotten. */
  private readonly highest = new Map<number, Pick<TreeRow, 'size' | 'root'>>();
  /** What stood outside when it was compared last. */
  private readonly outside = new Map<number, { readonly note: string; readonly size: number }>();
  private readonly ranAt = new Map<number, number>();
  private readonly brokenAt = new Map<number, { readonly at: number; readonly code: string }>();
  private keyProblem: LedgerKeyProblem | undefined;

  constructor(private readonly deps: SequencerDependencies) {
    this.publisher = new Publisher(deps);
  }

  /** Why this process cannot sign; undefined where it can, or has not tried. */
  get problem(): LedgerKeyProblem | undefined {
    return this.keyProblem;
  }

  /** Whether this process moved the tree of a chain last. */
  owns(chain: Chain): boolean {
    return this.trees.has(chain.no);
  }

  /** Looks at every chain once and moves those trees on for which it is time. To be called again and again. */
  async tick(): Promise<void> {
    const { store, chains, tables } = this.deps;
    const [heads, trees] = await Promise.all([store.heads(), tables.heads()]);
    for (const [id, head] of heads) {
      const chain = await chains.get(id);
      if (this.isDue(chain, head, trees.get(chain.no))) await this.run(chain, head);
    }
  }

  /** Gives the trees back, so that another process need not wait. */
  async stop(): Promise<void> {
    this.trees.clear();
    await this.deps.tables.release();
  }

  private isDue(chain: Chain, head: number, tree: TreeHead | undefined): boolean {
    const { times = {}, source } = this.deps;
    const sinceMs = performance.now() - (this.ranAt.get(chain.no) ?? -Infinity);
    const broken = this.brokenAt.get(chain.no);
    if (broken) return performance.now() - broken.at >= (times.brokenMs ?? BROKEN_MS);
    const { position, size, pending } = tree ?? { position: 0, size: 0, pending: false };
    // Looked at once by each process that could take it over, and whenever it is not as this process has left it.
    if (sinceMs === Infinity || head < position || size < (this.highest.get(chain.no)?.size ?? 0)) return true;
    if (sinceMs >= (times.checkpointMs ?? CHECKPOINT_MS)) return head > position || pending;
    return source.gapFree && head - position >= CHECKPOINT_LEAVES;
  }

  /**
   * Moves the tree of a chain on to a head of its log.
   * @param seen position of the newest event, as it was read before
   */
  private async run(chain: Chain, seen: number): Promise<void> {
    const { keys, tables, store, onStep } = this.deps;
    this.ranAt.set(chain.no, performance.now());
    try {
      if (!this.trees.has(chain.no) || !keys.file.keys()) await keys.settle(chain);
      this.keyProblem = undefined;
      const row = await tables.lease(chain);
      if (!row) {
        this.trees.delete(chain.no);
        return;
      }
      await onStep?.('leased');
      // Another process may have moved the tree beyond what was seen.
      const head = row.position > seen ? await store.head(chain.id) : seen;
      const tree = await this.takeUp(chain, row, head);
      await onStep?.('checked');
      await this.publisher.publish(tree);
      await this.sequence(tree, head);
    } catch (error) {
      if (!(await this.isTold(chain, error))) throw error;
    }
  }

  /** @returns whether the error was one that is shown, and not one that passes */
  private async isTold(chain: Chain, error: unknown): Promise<boolean> {
    const { log, tables } = this.deps;
    // What this process knows of the tree is read anew when it is looked at again.
    this.trees.delete(chain.no);
    if (error instanceof SequencerReplaced) return true;
    if (error instanceof LedgerKeyProblem) {
      if (this.keyProblem?.message !== error.message) log.error({ chain: chain.slug }, `ledger: ${error.message}`);
      this.keyProblem = error;
      return true;
    }
    const broken = brokenBy(error);
    if (!broken) return false;
    // To one that was paused beyond its lease, what another process did since looks like a fault. The owner finds a true one.
    if (!(await tables.isOwner(chain))) return true;
    if (this.brokenAt.get(chain.no)?.code !== broken.code) {
      log.error({ chain: chain.slug, code: broken.code, ...broken.data }, `ledger: ${broken.message}`);
    }
    this.brokenAt.set(chain.no, { at: performance.now(), code: broken.code });
    await tables.recordProblem(chain, broken.code, broken.message);
    return true;
  }

  /** The tree as it was committed, compared with what this process knows, with the log and with what stands outside. */
  private async takeUp(chain: Chain, row: TreeRow, head: number): Promise<CommittedTree> {
    this.demandNoStepBack(chain, row);
    const known = this.trees.get(chain.no);
    const kept = known && isSame(known.row, row) ? known : undefined;
    const tree = kept ?? (await this.read(chain, row));
    if (row.position > head) {
      throw new LedgerBroken(
        'ledger.log-shorter',
        `The log ends at position ${head}, but its events up to position ${row.position} were committed to. A part of it is gone, or an older backup was restored.`,
        { head, position: row.position },
      );
    }
    if (!kept) await this.demandCommitted(tree);
    await this.demandOutside(tree);
    if (!kept) {
      this.brokenAt.delete(chain.no);
      await this.deps.tables.clearProblem(chain);
    }
    this.keep(tree);
    return tree;
  }

  private keep(tree: CommittedTree): void {
    const { chain, row } = tree;
    this.trees.set(chain.no, tree);
    this.highest.set(chain.no, { size: row.size, root: row.root });
  }

  private demandNoStepBack(chain: Chain, row: TreeRow): void {
    const highest = this.highest.get(chain.no);
    if (!highest || row.size > highest.size || (row.size === highest.size && row.root.equals(highest.root))) return;
    throw new LedgerBroken(
      'ledger.tree-changed',
      `The tree in the database has ${row.size} leaves and is not the one of ${highest.size} leaves that was committed. The database was put back or changed.`,
      { size: row.size, committed: highest.size },
    );
  }

  private async read(chain: Chain, row: TreeRow): Promise<CommittedTree> {
    let edge: TreeEdge;
    try {
      edge = TreeEdge.parse(row.size, row.edge);
    } catch (error) {
      throw new LedgerBroken('ledger.tree-changed', (error as Error).message, { size: row.size });
    }
    const committed = row.size === 0 ? undefined : await this.deps.tables.committed(chain, row.size);
    if (!edge.root().equals(row.root) || (row.size > 0 && !committed?.root.equals(row.root))) {
      throw new LedgerBroken(
        'ledger.tree-changed',
        `The edge of the tree of ${row.size} leaves, its root and its checkpoint contradict each other.`,
        { size: row.size },
      );
    }
    return new CommittedTree(chain, row, edge, this.deps.tables, this.deps.source);
  }

  /** The newest leaves are still those of the log. */
  private async demandCommitted(tree: CommittedTree): Promise<void> {
    const { size } = tree.row;
    const count = Math.min(size, CHECKED_LEAVES);
    if (count === 0) return;
    const [first] = await tree.positionsFrom(size - count, 1);
    await this.demandLeaves(tree, await this.deps.source.read(tree.chain, first as number, count), size - count, count);
  }

  private async demandLeaves(
    tree: CommittedTree,
    events: readonly LogEvent[],
    index: number,
    count: number,
  ): Promise<void> {
    const positions = await tree.positionsFrom(index, count);
    const missing = positions.find((position, i) => events[i]?.position !== position);
    if (missing !== undefined) throw logChanged(missing, 'is missing');
    const leaves = await tree.leavesOf(events);
    const committed = await tree.leavesAt(positions.map((_, i) => index + i));
    const changed = committed.findIndex((leaf, i) => leaf.compare(leaves, i * HASH_BYTES, (i + 1) * HASH_BYTES) !== 0);
    if (changed >= 0) throw logChanged(positions[changed] as number, 'is not the one that was committed to');
  }

  /** What was written outside the database is of this tree, and not of a larger one. */
  private async demandOutside(tree: CommittedTree): Promise<void> {
    const { folder, keys } = this.deps;
    const { chain, row } = tree;
    const note = latestOf(folder, chain);
    const compared = this.outside.get(chain.no);
    if (note === undefined || (compared?.note === note && compared.size <= row.size)) return;
    const ofFile = (keys.file.keys() ?? []).map((key) => publicKeyOf(chain, key));
    const ofTable = (await keys.list(chain)).map(({ vkey }) => parseVkey(vkey));
    let outside: { readonly size: number; readonly root: Buffer; readonly origin: string };
    try {
      outside = openCheckpoint(note, [...ofFile, ...ofTable]);
    } catch (error) {
      throw foreign(folder.path, (error as Error).message);
    }
    if (outside.origin !== originOf(chain.id)) throw foreign(folder.path, `It is one of ${outside.origin}.`);
    if (outside.size > row.size) {
      throw new LedgerBroken(
        'ledger.checkpoint-ahead',
        `The checkpoint in ${folder.path} is of ${outside.size} leaves, the tree in the database has ${row.size}. The database was put back, for example by an older backup.`,
        { size: row.size, outside: outside.size },
      );
    }
    const root = outside.size === row.size ? row.root : await tree.rootAt(outside.size);
    if (!root.equals(outside.root)) {
      throw new LedgerBroken(
        'ledger.forked',
        `The checkpoint of ${outside.size} leaves in ${folder.path} has another root than the tree in the database.`,
        { size: outside.size },
      );
    }
    this.outside.set(chain.no, { note, size: outside.size });
  }

  private async sequence(tree: CommittedTree, head: number): Promise<void> {
    const { source, tables, onStep } = this.deps;
    const { chain } = tree;
    while (tree.row.position < head) {
      const { row } = tree;
      // With the last leaf that was committed: what is appended to it continues it.
      const first = row.size === 0 ? 0 : 1;
      const page = await source.read(chain, row.position + 1 - first, PAGE_EVENTS);
      if (first === 1) await this.demandLeaves(tree, page.slice(0, 1), row.size - 1, 1);
      const events = page.slice(first);
      if (source.gapFree) demandGapFree(events, row.position, head);
      if (events.length === 0) return;
      const next = await tree.grow(events);
      await onStep?.('hashed');
      if (!(await tables.commit(chain, row, next.row, next.tiles))) throw new SequencerReplaced(chain.slug);
      tree.moved(events, next);
      this.keep(tree);
      await onStep?.('committed');
      await this.publisher.publish(tree);
    }
  }
}

/** A folder that cannot be read holds nothing up but publishing, which writes there. */
function latestOf(folder: CheckpointFolder, chain: Chain): string | undefined {
  try {
    return folder.latest(chain.id);
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

const isSame = (a: TreeRow, b: TreeRow): boolean => a.size === b.size && a.epoch === b.epoch && a.root.equals(b.root);

function demandGapFree(events: readonly LogEvent[], after: number, head: number): void {
  let expected = after + 1;
  for (const { position } of events) {
    if (position !== expected) throw logChanged(expected, 'is missing');
    expected += 1;
  }
  if (events.length === 0 && head > after) throw logChanged(expected, 'is missing');
}

const logChanged = (position: number, what: string): LedgerBroken =>
  new LedgerBroken('ledger.log-changed', `The event at position ${position} of the log ${what}.`, { position });

const foreign = (path: string, why: string): LedgerBroken =>
  new LedgerBroken('ledger.checkpoint-foreign', `What stands in ${path} is no checkpoint of this ledger. ${why}`);

/** SQLSTATE of a tile or checkpoint that was inserted before, and of a tree that would go back. */
const CONTRADICTIONS: ReadonlySet<unknown> = new Set(['23505', 'PI002']);

function brokenBy(error: unknown): LedgerBroken | undefined {
  if (error instanceof LedgerBroken) return error;
  if (error instanceof StreamBroken) {
    const { position, stream, revision } = error.event;
    return new LedgerBroken('ledger.log-changed', `${error.message}.`, { position, stream, revision });
  }
  if (error instanceof EntryTooLarge) return new LedgerBroken('ledger.entry-too-large', error.message, error.data);
  if (CONTRADICTIONS.has((error as { code?: unknown }).code)) {
    return new LedgerBroken('ledger.tree-changed', 'The database holds tiles or checkpoints beyond the tree.');
  }
  return undefined;
}
