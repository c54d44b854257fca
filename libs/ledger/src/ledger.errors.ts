import { Conflict, Invalid, NotFound, PistorError, Unavailable } from '#libs/kernel/src/errors.js';

/** Why a tree is not moved on; the same codes are told by health checks and metrics. */
export type BrokenCode =
  /** The log has fewer events than the tree has leaves: a part of it was cut off, or an older backup was restored. */
  | 'ledger.log-shorter'
  /** An event is no longer the one that was committed to, or one is missing among those that follow. */
  | 'ledger.log-changed'
  /** The tree's own rows contradict each other, or what this process itself has committed. */
  | 'ledger.tree-changed'
  /** A checkpoint outside the database is of a larger tree: the database was put back. */
  | 'ledger.checkpoint-ahead'
  /** A checkpoint outside the database is of another tree. */
  | 'ledger.forked'
  /** What stands in place of the checkpoint outside is none of ours. */
  | 'ledger.checkpoint-foreign'
  /** An event cannot become an entry. */
  | 'ledger.entry-too-large';

/** The log does not continue the tree. Nothing is written until a person has seen to it. */
export class LedgerBroken extends PistorError {
  constructor(
    override readonly code: BrokenCode,
    message: string,
    data: Readonly<Record<string, unknown>> = {},
  ) {
    super('unavailable', code, message, { data });
  }
}

/** Another process has taken the tree over: what was about to be written is rolled back. */
export class SequencerReplaced extends Error {
  constructor(chain: string) {
    super(`The ledger of ${chain} is moved by another process now`);
    this.name = 'SequencerReplaced';
  }
}

/** The signing key is missing, readable by others, malformed or not the one that has signed. */
export class LedgerKeyProblem extends PistorError {
  constructor(message: string) {
    super('unavailable', 'ledger.key-problem', message);
  }
}

export const noCheckpointYet = (): NotFound =>
  new NotFound('ledger.no-checkpoint', 'No checkpoint was published yet. The first one follows the first event.');

export const noSuchTile = (path: string, size: number): NotFound =>
  new NotFound('ledger.no-tile', `The published tree of ${size} leaves has no ${path}.`, { data: { path, size } });

export const sizeNotReached = (size: number, reached: number): NotFound =>
  new NotFound(
    'ledger.size-not-reached',
    `The published tree has ${reached} leaves and not yet ${size}. Ask again when a checkpoint has come so far.`,
    { data: { size, reached } },
  );

export const notInTree = (position: number, size: number): Invalid =>
  new Invalid('ledger.out-of-range', `A tree of ${size} leaves has no event at position ${position}.`, {
    data: { position, size },
  });

export const rotationUnderWay = (): Conflict =>
  new Conflict(
    'ledger.rotation-under-way',
    'Two keys sign at present. End that rotation first: pistor ledger rotate-key --finish',
  );

export const noRotation = (): Conflict =>
  new Conflict('ledger.no-rotation', 'One key signs at present: there is no rotation to be ended.');

export const folderNotWritable = (folder: string, cause: unknown): Unavailable =>
  new Unavailable('ledger.folder', `Checkpoints cannot be written to ${folder}.`, { cause });
