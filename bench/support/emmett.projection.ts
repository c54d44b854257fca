import {
  type appendToStreamSQL,
  getPostgreSQLEventStore,
  postgreSQLRawBatchSQLProjection,
  rebuildPostgreSQLProjections,
} from '@event-driven-io/emmett-postgresql';
import type { Event } from '@event-driven-io/emmett';
import pg from 'pg';
import { newId } from '#libs/kernel/src/ids.js';
import { contextOf, noteOf, now } from './bench-events.js';
import type { Rebuilder, Rebuilt } from './rebuild.runner.js';
import { stopwatch } from './stopwatch.js';

/** Emmett's text of a statement, whose type it does not export by a name. */
type Sql = typeof appendToStreamSQL;
type Note = Event<'NoteTaken', ReturnType<typeof noteOf>>;

const PAGE_EVENTS = 2_000;
const EVENTS_OF_A_STREAM = 30;

/**
 * Emmett's asynchronous projection: rebuilt by its own function, on pages as large as ours and without its pause between
 * them, with the projection that leaves most to the user's SQL. A row an event, as the others have it.
 */
export async function open({ url, events }: { url: string; events: number }): Promise<Rebuilder> {
  const pool = new pg.Pool({ connectionString: url });
  const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
  await store.schema.migrate();
  for (let written = 0; written < events; written += EVENTS_OF_A_STREAM) {
    const id = newId();
    const notes = Array.from({ length: Math.min(EVENTS_OF_A_STREAM, events - written) }, () => ({
      type: 'NoteTaken' as const,
      data: noteOf(id),
      metadata: { ...contextOf(), ...now() },
    }));
    await store.appendToStream<Note>(`note-${id}`, notes, { expectedStreamVersion: 0n });
  }
  await pool.query(
    'create table emmett_row (stream text not null, id text not null, kind text not null, primary key (id))',
  );
  const projection = postgreSQLRawBatchSQLProjection<Note>({
    name: 'emmett_rows',
    canHandle: ['NoteTaken'],
    evolve: (notes) => {
      const rows = notes.map((note) => {
        const { data, metadata } = note as unknown as { data: Note['data']; metadata: { messageId: string } };
        return `(${[data.patientId, metadata.messageId, data.kind].map(pg.escapeLiteral).join(', ')})`;
      });
      return [
        `insert into emmett_row (stream, id, kind) values ${rows.join(', ')} on conflict (id) do update set kind = excluded.kind` as Sql,
      ];
    },
  });

  return {
    rebuild: async (): Promise<Rebuilt> => {
      await pool.query('truncate emmett_row');
      const consumer = rebuildPostgreSQLProjections({
        connectionString: url,
        pulling: { batchSize: PAGE_EVENTS, pullingFrequencyInMs: 0 },
        // A name of its own for each rebuild: under the same one it would go on after the last event.
        projections: [{ projection, processorId: `emmett_rows ${newId()}` }],
      });
      const elapsed = stopwatch();
      await consumer.start();
      const took = elapsed();
      await consumer.close();
      const { rows } = await pool.query<{ count: string }>('select count(*) from emmett_row');
      if (Number(rows[0]?.count) !== events) throw new Error(`Emmett wrote ${rows[0]?.count} rows of ${events}.`);
      return { events, ...took };
    },
    close: () => pool.end(),
  };
}
