import type { Database } from '#libs/database/src/database.js';
import { type BackupPart, linesOf } from './backup-reader.js';
import { continueNumbers, describeTable, type Table, writeLines } from './table-rows.js';
import { TABLE_DECISIONS } from './table-decisions.js';

/**
 * Writes the rows of a backup into empty tables of the version that it was made of, a block in each transaction, with the
 * rights of the owner of the tables.
 * @param parts checked as they are read: what changed in the file since the last look ends this
 */
export async function restoreRows(
  db: Database,
  parts: AsyncIterable<BackupPart>,
  onPart: (part: BackupPart) => void,
): Promise<void> {
  const columns = new Map<string, readonly string[]>();
  const tables = new Map<string, Table>();
  for await (const part of parts) {
    if ('manifest' in part) {
      for (const each of part.manifest.tables) {
        columns.set(each.table, each.columns);
        const table = await describeTable(db, each.table, []);
        if (!table) throw new Error(`The backup has a table ${each.table} that its own migrations do not make`);
        tables.set(each.table, table);
      }
    } else if ('block' in part) {
      const { table: name, rows } = part.block;
      const lines = await linesOf(part.body);
      const written = await db.transaction(async (tx) => {
        await tx.query('set local role none');
        return writeLines(tx, tables.get(name) as Table, columns.get(name) as readonly string[], lines);
      });
      if (written !== rows) throw new Error(`Block ${part.block.block} has ${written} rows and not ${rows}`);
    }
    onPart(part);
  }
  await db.transaction(async (tx) => {
    await tx.query('set local role none');
    for (const name of tables.keys()) await continueNumbers(tx, name);
  });
}

/** Takes away what only meant the processes that ran when the backup was taken. The tables are up to date by now. */
export async function forgetProcesses(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('set local role none');
    for (const [name, decision] of Object.entries(TABLE_DECISIONS)) {
      if (decision.keep !== 'rows' || decision.afterRestore === undefined) continue;
      await tx.query(`update ${name} set ${decision.afterRestore}`);
    }
  });
}
