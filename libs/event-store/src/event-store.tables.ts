import { join } from 'node:path';
import type { MigrationSource } from '#libs/database/src/migrations.js';

/** The tables of the event store. */
export const EVENT_STORE_TABLES = {
  name: 'event-store',
  folder: join(import.meta.dirname, 'migrations'),
  // Of whom nothing can be read any more: no list shows them. The keys themselves are in no column of these.
  readable: { subject_key: ['chain', 'subject', 'class', 'destroyed_at'] },
} as const satisfies MigrationSource;
