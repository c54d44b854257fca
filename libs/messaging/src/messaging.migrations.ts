import { join } from 'node:path';
import type { Database } from '#libs/database/src/database.js';
import { migrate } from '#libs/database/src/migrations.js';

/** Makes or brings up to date the tables of messaging. */
export const migrateMessaging = (db: Database): Promise<string[]> =>
  migrate(db, { name: 'messaging', folder: join(import.meta.dirname, 'migrations') });
