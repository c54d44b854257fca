import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import { newId } from '#libs/kernel/src/ids.js';
import { contextOf, noteOf, now } from './bench-events.js';
import type { Contender, Job } from './contender.js';
import { closedLoop, type Run } from './load.js';

/** What `pg.Pool` has when nobody says anything, and so what most users of Emmett have. */
const POOL_DEFAULT = 10;

/**
 * Emmett's event store as its documentation uses it, with what is best for it: the schema made beforehand and not
 * looked for at each append, a pool that is warm, and `0n` as the expected version of a new stream, which saves it a
 * query that its `STREAM_DOES_NOT_EXIST` makes. `pool-default`: 10 connections; `pool-clients`: one for each client.
 */
export async function open({ url }: { url: string }): Promise<Contender> {
  const migrating = getPostgreSQLEventStore(url);
  await migrating.schema.migrate();
  await migrating.close();

  const pools = new Map<number, { pool: pg.Pool; store: ReturnType<typeof getPostgreSQLEventStore> }>();
  const storeFor = (connections: number) => {
    const known = pools.get(connections);
    if (known) return known.store;
    const pool = new pg.Pool({ connectionString: url, max: connections, idleTimeoutMillis: 0 });
    const store = getPostgreSQLEventStore(url, { connectionOptions: { pool }, schema: { autoMigration: 'None' } });
    pools.set(connections, { pool, store });
    return store;
  };

  return {
    prepare: () => Promise.resolve(),
    run: ({ mode, clients, ms, startAt = Date.now() }: Job): Promise<Run> => {
      const store = storeFor(mode === 'pool-default' ? POOL_DEFAULT : clients);
      return closedLoop(clients, ms, startAt, async () => {
        const id = newId();
        const event = { type: 'NoteTaken', data: noteOf(id), metadata: { ...contextOf(), ...now(), commandId: id } };
        await store.appendToStream(`note-${id}`, [event], { expectedStreamVersion: 0n });
        return 1;
      });
    },
    count: async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query<{ count: string }>('select count(*) from emt_messages');
      await client.end();
      return Number(rows[0]?.count);
    },
    close: async () => {
      // The store leaves a pool that was given to it open.
      for (const { pool } of pools.values()) await pool.end();
    },
  };
}
