import { join } from 'node:path';
import type { Database } from '#libs/database/src/database.js';
import { migrate } from '#libs/database/src/migrations.js';

/** Makes or brings up to date the tables of tasks. */
export const migrateTasks = (db: Database): Promise<string[]> =>
  migrate(db, { name: 'tasks', folder: join(import.meta.dirname, 'migrations') });
