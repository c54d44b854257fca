import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCheckpoint } from './checkpoint.js';
import { appendToFile, replaceFile } from './durable-file.js';
import { folderNotWritable } from './ledger.errors.js';
import { parseNote } from './signed-note.js';

export interface CheckpointNote {
  readonly size: number;
  readonly note: string;
}

/**
 * Checkpoints outside the database: of each chain a folder with the newest one in `checkpoint`, and all of them in
 * `checkpoints-<year>-<month>.txt`, one after the other. Whoever can write to the database only cannot take them back.
 */
export class CheckpointFolder {
  constructor(
    readonly path: string,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** The newest checkpoint of a chain that was written here, as it stands; undefined where there is none. */
  latest(chain: string): string | undefined {
    try {
      return readFileSync(join(this.path, chain, 'checkpoint'), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw folderNotWritable(this.path, error);
    }
  }

  /**
   * Writes checkpoints of a chain, oldest first, and returns when they are on the disk. A larger one that stands there
   * stays: another process was faster.
   * @throws Unavailable `ledger.folder`
   */
  async write(chain: string, notes: readonly CheckpointNote[]): Promise<void> {
    const last = notes.at(-1);
    if (!last) return;
    try {
      const month = this.now().toISOString().slice(0, 7);
      // An empty line before each, whatever stands there: a line that a crash has torn spoils nothing but itself.
      await appendToFile(
        join(this.path, chain, `checkpoints-${month}.txt`),
        notes.map(({ note }) => `\n\n${note}`).join(''),
      );
      if (this.sizeOf(chain) <= last.size) await replaceFile(join(this.path, chain, 'checkpoint'), last.note, 0o644);
    } catch (error) {
      throw folderNotWritable(this.path, error);
    }
  }

  private sizeOf(chain: string): number {
    const note = this.latest(chain);
    if (note === undefined) return -1;
    try {
      return parseCheckpoint(parseNote(note).text).size;
    } catch {
      // What is no checkpoint has stopped the sequencer before; it is replaced when somebody let it go on.
      return -1;
    }
  }
}

/** The notes in a file of checkpoints; what a crash has torn is passed over. */
export function readCheckpointNotes(text: string): string[] {
  const blocks = text.split(/\n{2,}/).map((block) => block.replace(/^\n+|\n+$/g, ''));
  return blocks.flatMap((body, i) => {
    const signatures = blocks[i + 1];
    if (body.startsWith('\u2014 ') || !signatures?.startsWith('\u2014 ')) return [];
    const note = `${body}\n\n${signatures}\n`;
    try {
      parseCheckpoint(parseNote(note).text);
      return [note];
    } catch {
      return [];
    }
  });
}
