import { join } from 'node:path';
import type { Database } from '#libs/database/src/database.js';
import { migrate } from '#libs/database/src/migrations.js';

/** Makes or brings up to date the tables of erasures. */
export const migrateErasure = (db: Database): Promise<string[]> =>
  migrate(db, { name: 'erasure', folder: join(import.meta.dirname, 'migrations') });
