// A process that holds a folder until it is told to end.
//   hold-folder.ts lock|database FOLDER
import { acquireFolderLock } from '../../libs/database/src/folder-lock.js';
import { openPglite } from '../../libs/database/src/pglite.database.js';

async function main(): Promise<void> {
  const [what, folder] = process.argv.slice(2) as [string, string];
  try {
    if (what === 'lock') await holdLock(folder);
    else await holdDatabase(folder);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    console.log(`refused ${code} ${message}`);
  }
}

async function holdLock(folder: string): Promise<void> {
  const lock = await acquireFolderLock(folder);
  lock.setUrl('http://127.0.0.1:3000');
  console.log('held');
  const stay = setInterval(() => {}, 60_000);
  process.once('SIGTERM', () => {
    lock.release();
    clearInterval(stay);
  });
}

async function holdDatabase(folder: string): Promise<void> {
  const db = await openPglite(folder, { as: 'login' });
  await db.query('CREATE TABLE IF NOT EXISTS kept (n integer)');
  await db.query('INSERT INTO kept VALUES (1)');
  console.log('held');
  process.once('SIGTERM', () => void db.close());
}

void main();
