// A process that commits rows in a folder from several chains and says which ones were acknowledged, until it is killed.
//   write-until-killed.ts FOLDER ROUND
import { writeSync } from 'node:fs';
import { openPglite } from '../../libs/database/src/pglite.database.js';

const CHAINS = 4;

async function main(): Promise<void> {
  const [folder, round] = process.argv.slice(2) as [string, string];
  const db = await openPglite(folder, { as: 'login' });
  await db.query('CREATE TABLE IF NOT EXISTS acknowledged (id text PRIMARY KEY, filler text NOT NULL)');
  const filler = 'x'.repeat(450);
  await Promise.all(Array.from({ length: CHAINS }, (_, chain) => write(chain)));

  async function write(chain: number): Promise<void> {
    for (let n = 0; ; n++) {
      const id = `${round}-${chain}-${n}`;
      const insert = { text: 'INSERT INTO acknowledged VALUES ($1, $2)', values: [id, filler] };
      if (n % 3 === 0) await db.transaction((tx) => tx.query(insert));
      else await db.query(insert);
      // Synchronously: an id that is printed was acknowledged, and one that was acknowledged is printed at once.
      writeSync(1, `${id}\n`);
    }
  }
}

void main();
