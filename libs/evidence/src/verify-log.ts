import { type Checkpoint, parseCheckpoint } from '#libs/ledger/src/checkpoint.js';
import { EntryTooLarge, leafHashInto, type LogEvent, NO_PREVIOUS } from '#libs/ledger/src/entry.js';
import { HASH_BYTES } from '#libs/ledger/src/sha256.js';
import { parseNote, signersOf, type VerifierKey } from '#libs/ledger/src/signed-note.js';
import { leavesBelow, type Tile, TILE_WIDTH } from '#libs/ledger/src/tile.js';
import { type FullTile, TreeEdge } from '#libs/ledger/src/tree-edge.js';
import { type Finding, Findings } from './findings.js';
import { StreamHeads } from './stream-heads.js';

/** A checkpoint as it is kept beside the log. */
export interface KeptCheckpoint {
  readonly size: number;
  readonly root: Buffer;
  /** Undefined while it is committed and not signed yet. */
  readonly note: string | undefined;
  /** What it is told as, where it is no checkpoint. */
  readonly what?: string;
}

/** What a ledger keeps of a chain, to compare the rows of the log with. */
export interface KeptLedger {
  readonly origin: string;
  /** Position up to which the ledger says that it has committed. */
  readonly size: number;
  readonly checkpoints: readonly KeptCheckpoint[];
  /** Of its keys, the first and the last size that each signs; null while it does. */
  readonly keyTerms?: readonly KeyTerm[];
  /** What was found wrong with it when it was read. */
  readonly problems?: readonly string[];
  /** The hashes of some tiles, in their order; undefined for one that is missing. The last one of a level may be shorter. */
  tiles(tiles: readonly Tile[]): Promise<readonly (Buffer | undefined)[]>;
  /** Position of an event whose stream was forgotten; undefined where there is none. */
  positionOf?(stream: string, revision: number): Promise<number | undefined>;
}

/** From which checkpoint to which a key signs. A key that was retired may be in anybody's hands. */
export interface KeyTerm {
  readonly name: string;
  readonly id: string;
  readonly fromSize: number;
  readonly untilSize: number | null;
}

/** A row of the log, with what stands beside the texts that are committed and must be what they say. */
export interface LogRow extends LogEvent {
  /** The header names it, too. */
  readonly commandId: string | undefined;
  /**
   * By which a repeated command is known: on the first row of a command how many it has, null on the others. Undefined
   * where there are no commands.
   */
  readonly commandEvents?: number | null | undefined;
  /** Of a read those by which it is found: an array in PostgreSQL's words, or null for anybody. Undefined for an event. */
  readonly patients?: string | null | undefined;
}

/** A checkpoint from elsewhere. */
export interface OutsideCheckpoint {
  /** Where it comes from, in words: a file, a witness. */
  readonly from: string;
  readonly note: string;
  /** It stands on the same machine as the log: who rules both may have made both anew. */
  readonly isBeside?: boolean;
}

export interface LogVerifierOptions {
  readonly kept: KeptLedger;
  /** Of the log, and of witnesses; none where nobody is trusted. */
  readonly keys: readonly VerifierKey[];
  readonly outside: readonly OutsideCheckpoint[];
  /** Heads of streams that are held in memory; see `KeptLedger.positionOf`. */
  readonly streamsMax?: number | undefined;
}

/** What came out for one chain. */
export interface LogVerdict {
  readonly outcome: 'valid' | 'invalid';
  /** The first ones, in the order of positions. */
  readonly findings: readonly Finding[];
  readonly findingsCount: number;
  /** Rows that were read. */
  readonly events: number;
  /** Events that the newest checkpoint covers which was found right. */
  readonly committed: number;
  readonly checkpoints: number;
  /** Size of the newest of them that is signed by a key that is known; 0 for none. */
  readonly signed: number;
  /** Checkpoints from elsewhere that the history goes on from, and those of files beside the log. */
  readonly outside: number;
  readonly beside: number;
}

/** A root that the tree must have at a size. */
interface Milestone {
  readonly size: number;
  readonly root: Buffer;
  readonly what: string;
  readonly isOutside: boolean;
  readonly isBeside: boolean;
  readonly isSigned: boolean;
}

/**
 * Walks the whole log of a chain in the order of positions and compares it with what its ledger keeps: every leaf, every
 * tile, every root that was committed or signed, here or elsewhere. Push based, so that rows may come from a database or
 * from a file. Memory does not grow with the log.
 *
 * A row that is not what was committed is found by itself: the rows after it are judged by the leaf that was committed
 * in its place. Which of the two was changed, the row or the tile, is told by the next root that was signed.
 */
export class LogVerifier {
  private readonly findings = new Findings();
  private readonly heads: StreamHeads;
  /** Of what the rows give. */
  private readonly rows = TreeEdge.empty();
  /** Of what the tiles hold, from the first place on where that is another. */
  private kept: TreeEdge | undefined;
  private readonly milestones: Milestone[];
  private nextMilestone = 0;
  /** The last size at which a root was right; and the last at which one from elsewhere was. */
  private rightAt = 0;
  private outsideRightAt = 0;
  private checkpoints = 0;
  private signed = 0;
  private outside = 0;
  private beside = 0;
  private events = 0;
  private readonly leaf = Buffer.alloc(HASH_BYTES);
  /** Tiles of level 0 that a page needs. */
  private keptLeaves = new Map<number, Buffer | undefined>();
  private fullTiles: FullTile[] = [];
  /** Of streams whose last row differs from its tile: the leaf that the row gives, which may be the right one. */
  private readonly doubtful = new Map<string, Buffer>();
  /** Roots that the tree did not have. */
  private missed: Milestone[] = [];
  /** The command whose rows are read; undefined where no row says for sure which it is. */
  private commandId: string | undefined;
  /** Position of its first row, and how many are still to come by what that one says. */
  private commandAt = 0;
  private commandLeft = 0;
  /** After so wide a gap nothing can be compared. */
  private isBroken = false;

  constructor(private readonly options: LogVerifierOptions) {
    this.heads = new StreamHeads(options.streamsMax);
    for (const problem of options.kept.problems ?? []) this.findings.add(null, null, problem);
    this.milestones = this.milestonesOf(options);
  }

  /** Rows in the order of positions, any number of them. */
  async page(events: readonly LogRow[]): Promise<void> {
    const first = this.rows.size;
    const last = Math.max(first, (events.at(-1)?.position ?? 0) - 1);
    await this.readLeaves(first, last);
    const forgotten = await this.forgotten(events);
    for (const event of events) this.row(event, forgotten);
    this.events += events.length;
    await this.compareTiles();
  }

  /**
   * After the last row.
   * @param head position that the chain says its last event has
   */
  async finish(head: number): Promise<LogVerdict> {
    const { kept } = this.options;
    const end = Math.max(head, kept.size);
    const last = this.rows.size;
    if (end <= last) this.endCommand();
    if (end > last && !this.isBroken) {
      await this.readLeaves(last, end);
      const reason = kept.size >= head ? 'the ledger has committed it' : 'the chain says that it was recorded';
      this.fill(end, `The row is missing, though ${reason}: the tail was cut off.`);
    }
    if (last > head) {
      this.findings.add(
        head + 1,
        last,
        `The chain says that its last event has position ${head}: the row was put in past it.`,
      );
    }
    for (const missed of this.missed) this.tellMissed(missed);
    for (const { size, what, isOutside } of this.isBroken ? [] : this.milestones.slice(this.nextMilestone)) {
      const reason = isOutside ? ': its tail was cut off, or an older backup was restored.' : '.';
      this.findings.add(last + 1, size, `The log ends at position ${last}, before ${what}${reason}`);
    }
    const findings = this.findings.told();
    return {
      outcome: findings.length > 0 ? 'invalid' : 'valid',
      findings,
      findingsCount: this.findings.count,
      events: this.events,
      committed: this.rightAt,
      checkpoints: this.checkpoints,
      signed: this.signed,
      outside: this.outside,
      beside: this.beside,
    };
  }

  private row(event: LogRow, forgotten: ReadonlyMap<LogRow, Buffer>): void {
    if (this.isBroken) return;
    const { position, stream, revision } = event;
    const expected = this.rows.size + 1;
    if (position < expected) {
      this.findings.add(position, position, 'A row stands where none may be: positions count from 1, each once.');
      return;
    }
    if (position > expected) this.fill(position - 1, 'The row is missing.');

    const head = this.heads.get(stream);
    const remembered = forgotten.get(event);
    const before = head?.revision ?? (remembered ? revision - 1 : -1);
    if (revision !== before + 1) {
      const what = revision > before + 1 ? `revision ${before + 1} is missing before it` : `it was there already`;
      this.findings.add(position, position, `It is revision ${revision} of ${stream}, and ${what}.`);
    }
    const isItsCommand = isOfCommand(event);
    if (!isItsCommand) {
      this.findings.add(position, position, 'The command id beside the header is not the one in it.');
    }
    const [previous, at] = revision === 0 ? [NO_PREVIOUS, 0] : head ? [head.leaves, head.at] : [remembered, 0];
    this.hash(event, previous ?? NO_PREVIOUS, at);
    const kept = this.keptLeaf(position);
    const doubtful = this.doubtful.get(stream);
    if (doubtful) {
      // It was committed upon the leaf of the one before: that tells whether that one's row or its tile was changed.
      if (kept && !this.isLeaf(kept)) this.hash(event, doubtful, 0);
      this.doubtful.delete(stream);
    }
    // What it was committed upon is missing, which has just been said.
    if (kept && revision > before + 1) kept.leaves.copy(this.leaf, 0, kept.at, kept.at + HASH_BYTES);
    const isOther = kept !== undefined && !this.isLeaf(kept);
    if (isOther) {
      this.kept ??= this.rows.copy();
      this.doubtful.set(stream, Buffer.from(this.leaf));
      this.findings.add(position, position, 'The row is not what the ledger has committed.', 'differs');
    }
    // Where the header is another one, so may the command be that it names: what is found is said already.
    if (event.commandEvents !== undefined) this.ofCommand(event, isItsCommand && !isOther);
    if (event.patients !== undefined && !isOther && !isOfPatients(event)) {
      this.findings.add(position, position, 'The patients beside the data, who are told of it, are not those in it.');
    }
    this.heads.set(stream, revision, isOther ? kept.leaves : this.leaf, isOther ? kept.at : 0);
    this.grow(this.leaf, kept);
  }

  /**
   * The rows of a command follow each other. Its first one is found by the number on it: without that, or with another
   * one, a command that is repeated would be done again or be answered with something else.
   */
  private ofCommand({ position, commandId, commandEvents }: LogRow, isSure: boolean): void {
    const isSame = isSure && commandId === this.commandId;
    if (typeof commandEvents === 'number') {
      this.endCommand();
      if (isSame) this.findings.add(position, position, 'Its command has begun already, in the row before it.');
      if (commandEvents < 1)
        this.findings.add(position, position, `Its command has ${commandEvents} rows by its number.`);
      this.commandId = isSure ? commandId : undefined;
      this.commandAt = position;
      this.commandLeft = commandEvents < 1 ? UNTOLD : commandEvents - 1;
      return;
    }
    const isNext = isSame || !isSure || this.commandId === undefined;
    if (isNext && this.commandLeft !== 0) {
      if (isSure) this.commandId = commandId;
      if (this.commandLeft !== UNTOLD) this.commandLeft -= 1;
      return;
    }
    if (isSame) {
      this.findings.add(this.commandAt, this.commandAt, 'Its command has more rows than the number beside it says.');
    } else if (isSure) {
      this.endCommand();
      const what =
        'It is the first row of its command, and the number beside it by which that is known again is missing.';
      this.findings.add(position, position, what);
    }
    this.commandId = isSure ? commandId : undefined;
    this.commandAt = position;
    this.commandLeft = UNTOLD;
  }

  private endCommand(): void {
    if (this.commandLeft <= 0) return;
    this.findings.add(this.commandAt, this.commandAt, 'Its command has fewer rows than the number beside it says.');
    this.commandLeft = UNTOLD;
  }

  private isLeaf({ leaves, at }: KeptLeaf): boolean {
    return leaves.compare(this.leaf, 0, HASH_BYTES, at, at + HASH_BYTES) === 0;
  }

  /** Of zeros where it is nothing that can be committed, which the comparison then shows. */
  private hash(event: LogRow, previous: Buffer, at: number): void {
    try {
      leafHashInto(this.leaf, 0, event, previous, at);
    } catch (error) {
      if (!(error instanceof EntryTooLarge || error instanceof RangeError)) throw error;
      this.leaf.fill(0);
    }
  }

  /** Positions without a row, up to and with `until`: the ledger's own leaves stand in for them. */
  private fill(until: number, what: string): void {
    this.findings.add(this.rows.size + 1, until, what);
    this.kept ??= this.rows.copy();
    this.leaf.fill(0);
    // The first row of a command may be among them.
    [this.commandId, this.commandLeft] = [undefined, UNTOLD];
    this.isBroken = until - this.rows.size > FILLED_MAX;
    while (this.rows.size < until && !this.isBroken) {
      const kept = this.keptLeaf(this.rows.size + 1);
      this.grow(kept?.leaves.subarray(kept.at, kept.at + HASH_BYTES) ?? this.leaf, kept);
    }
  }

  private grow(leaf: Buffer, kept: KeptLeaf | undefined): void {
    const keptLeaf = kept?.leaves.subarray(kept.at, kept.at + HASH_BYTES);
    // The leaves of level 0 are compared one by one.
    for (const tile of this.rows.append(leaf)) if (tile.level > 0) this.fullTiles.push(tile);
    this.kept?.append(keptLeaf ?? leaf);
    let milestone = this.milestones[this.nextMilestone];
    while (milestone?.size === this.rows.size) {
      this.compareRoot(milestone);
      this.nextMilestone += 1;
      milestone = this.milestones[this.nextMilestone];
    }
  }

  private compareRoot(milestone: Milestone): void {
    const { size, root, what, isOutside, isSigned } = milestone;
    if (this.rows.root().equals(root)) {
      this.findings.say('differs', `The rows give the root of ${what}: it is the tile that was changed.`);
    } else if (this.kept?.root().equals(root)) {
      this.findings.say('differs', `The tiles give the root of ${what}: it is the row that was changed.`);
    } else {
      // The first one says where; one from elsewhere is told in any case.
      if (isOutside || this.missed.length === 0) this.missed.push(milestone);
      return;
    }
    // A history that has a later root had the earlier ones, whatever is written under them.
    for (const missed of this.missed) {
      if (missed.isOutside) this.tellMissed(missed);
      else {
        const others = missed.size === size ? `that of ${what} is` : 'later ones are';
        this.findings.add(
          missed.size,
          missed.size,
          `The root of ${missed.what} is not that of the log at that size, though ${others}: it was changed.`,
        );
      }
    }
    this.missed = [];
    this.rightAt = size;
    if (isSigned) this.signed = size;
    if (isOutside) this.outsideRightAt = size;
    if (isOutside) this[milestone.isBeside ? 'beside' : 'outside'] += 1;
    else this.checkpoints += 1;
  }

  /** What is kept here may have been made anew as a whole: it says nothing of where a history left one from elsewhere. */
  private tellMissed({ size, what, isOutside }: Milestone): void {
    const from = (isOutside ? this.outsideRightAt : this.rightAt) + 1;
    const where = `between position ${from} and ${size} it was rewritten, or it is another branch`;
    this.findings.add(from, size, `The log does not have the root of ${what}: ${where}.`);
  }

  private async compareTiles(): Promise<void> {
    const full = this.fullTiles;
    this.fullTiles = [];
    if (full.length === 0 || this.kept) return;
    const kept = await this.options.kept.tiles(full);
    full.forEach(({ level, n, hashes }, i) => {
      const leaves = leavesBelow(level + 1);
      const [from, until] = [n * leaves + 1, (n + 1) * leaves];
      if (until > this.options.kept.size) return;
      const what = kept[i] ? 'does not hold what its leaves give' : 'is missing';
      if (!kept[i]?.equals(hashes)) this.findings.add(from, until, `Tile ${level}/${n} ${what}.`);
    });
  }

  /** Reads the leaves that the ledger keeps, from an index to another. */
  private async readLeaves(from: number, to: number): Promise<void> {
    const { kept } = this.options;
    const last = Math.min(to, kept.size - 1, from + FILLED_MAX);
    const wanted: Tile[] = [];
    for (let n = Math.floor(from / TILE_WIDTH); n * TILE_WIDTH <= last; n++) wanted.push({ level: 0, n });
    const known = this.keptLeaves;
    const missing = wanted.filter(({ n }) => known.get(n) === undefined);
    const read = missing.length === 0 ? [] : await kept.tiles(missing);
    this.keptLeaves = new Map(wanted.map(({ n }) => [n, known.get(n)]));
    missing.forEach(({ n }, i) => {
      this.keptLeaves.set(n, read[i]);
      if (read[i]) return;
      const until = Math.min((n + 1) * TILE_WIDTH, kept.size);
      this.findings.add(n * TILE_WIDTH + 1, until, `Tile 0/${n} is missing.`);
    });
  }

  private keptLeaf(position: number): KeptLeaf | undefined {
    if (position > this.options.kept.size) return undefined;
    const index = position - 1;
    const leaves = this.keptLeaves.get(Math.floor(index / TILE_WIDTH));
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    return leaves && at + HASH_BYTES <= leaves.length ? { leaves, at } : undefined;
  }

  /** The leaves before events whose streams are not held in memory any more. */
  private async forgotten(events: readonly LogRow[]): Promise<ReadonlyMap<LogRow, Buffer>> {
    const found = new Map<LogRow, Buffer>();
    const { kept } = this.options;
    if (!kept.positionOf) return found;
    const inPage = new Set<string>();
    for (const event of events) {
      const isKnown = event.revision <= 0 || inPage.has(event.stream) || this.heads.get(event.stream);
      inPage.add(event.stream);
      if (isKnown) continue;
      const position = await kept.positionOf(event.stream, event.revision - 1);
      if (position === undefined || position > this.rows.size) continue;
      const [tile] = await kept.tiles([{ level: 0, n: Math.floor((position - 1) / TILE_WIDTH) }]);
      const at = ((position - 1) % TILE_WIDTH) * HASH_BYTES;
      if (tile && tile.length >= at + HASH_BYTES) found.set(event, tile.subarray(at, at + HASH_BYTES));
    }
    return found;
  }

  /** Each checkpoint is looked at by itself, and then gives a root that the tree must have. */
  private milestonesOf({ kept, keys, outside }: LogVerifierOptions): Milestone[] {
    const milestones: Milestone[] = [];
    for (const { size, root, note, what = `the checkpoint of size ${size}` } of kept.checkpoints) {
      const said = note === undefined ? undefined : this.openNote(note, keys, what, size);
      const isItself = !said || (said.origin === kept.origin && said.size === size && said.root.equals(root));
      if (!isItself) {
        this.findings.add(size, size, `The note of ${what} says something else than the row that it stands in.`);
      }
      milestones.push({
        size,
        root,
        what,
        isOutside: false,
        isBeside: false,
        isSigned: said !== undefined && isItself && keys.length > 0,
      });
    }
    for (const { from, note, isBeside = false } of outside) {
      const what = `the checkpoint from ${from}`;
      const said = this.openNote(note, keys, what, null);
      if (!said) continue;
      if (said.origin === kept.origin) {
        milestones.push({
          size: said.size,
          root: said.root,
          what: `${what} (size ${said.size})`,
          isOutside: true,
          isBeside,
          isSigned: false,
        });
      } else this.findings.add(null, null, `${what} is one of ${said.origin}, not of ${kept.origin}.`);
    }
    // A tree of no leaves has one root only, which nothing can be learned from.
    return milestones.filter(({ size }) => size > 0).sort((a, b) => a.size - b.size);
  }

  /** What the ledger says of its keys holds for keys from elsewhere as well. */
  private signsAt({ name, id }: VerifierKey, size: number): boolean {
    const term = this.options.kept.keyTerms?.find((each) => each.name === name && each.id === id);
    return !term || (size >= term.fromSize && size <= (term.untilSize ?? size));
  }

  private openNote(
    text: string,
    keys: readonly VerifierKey[],
    what: string,
    size: number | null,
  ): Checkpoint | undefined {
    try {
      const note = parseNote(text);
      const said = parseCheckpoint(note.text);
      const signers = signersOf(note, keys);
      const outside = signers.filter((key) => !this.signsAt(key, said.size));
      for (const { name, id } of outside) {
        this.findings.add(size, size, `The key ${name}+${id} has signed ${what}, and does not sign size ${said.size}.`);
      }
      if (outside.length > 0) return undefined;
      if (keys.length > 0 && !signers.some(({ name }) => name === said.origin)) {
        this.findings.add(size, size, `Nobody whose key is known has signed ${what}.`);
        return undefined;
      }
      return said;
    } catch (error) {
      this.findings.add(size, size, `The note of ${what} is not right: ${(error as Error).message}`);
      return undefined;
    }
  }
}

/** Where the hash of a leaf stands. */
interface KeptLeaf {
  readonly leaves: Buffer;
  readonly at: number;
}

/** Missing rows that are stood in for: a row with a position far away must not have a million leaves made up. */
const FILLED_MAX = 1_000_000;

/** Rows of a command to come, where it cannot be said how many. */
const UNTOLD = -1;

const COMMAND_BEGINS = '"commandId":"';

/** The codec writes the command id last, so that the header need not be taken apart to find it. */
function isOfCommand({ header, commandId, commandEvents }: LogRow): boolean {
  // Of a read there is none; an event without one would not be known again.
  if (commandId === undefined) return commandEvents === undefined;
  if (header.endsWith(`${COMMAND_BEGINS}${commandId}"}`)) return true;
  try {
    return (JSON.parse(header) as { commandId?: string }).commandId === commandId;
  } catch {
    return false;
  }
}

/** In the data they stand in order; in the array in that in which they were read. Nobody stands in either twice. */
function isOfPatients({ data, patients }: LogRow): boolean {
  const beside = patients === null || patients === undefined ? null : sortedIds(patients.slice(1, -1).split(','));
  // As the recorder writes it, so that most need not be taken apart.
  if (data === `{"patients":${beside === null ? 'null' : `["${beside.join('","')}"]`}}`) return true;
  try {
    const { patients: said } = JSON.parse(data) as { patients?: unknown };
    if (!Array.isArray(said)) return said === null && beside === null;
    return beside !== null && sortedIds(said.map(String)).join() === beside.join();
  } catch {
    return false;
  }
}

/** PostgreSQL writes ids in small letters, however they were given. */
const sortedIds = (ids: readonly string[]): string[] => [...new Set(ids.map((id) => id.toLowerCase()))].sort();
