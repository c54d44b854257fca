import pg from 'pg';
import { newId } from '#libs/kernel/src/ids.js';
import { contextOf, noteOf, now } from './bench-events.js';
import type { Contender, Job } from './contender.js';
import { closedLoop, type Run } from './load.js';

const ROWS = 100;

/** A table with the columns and indexes of the log, and nothing that decides. */
export const RAW_TABLE = 'create table raw_log (like event_log including all)';

/**
 * What the server can do at the most: rows of the size of an event into such a table. `one`: a row a commit; `hundred`:
 * a hundred rows a statement. Prepared, one session a client, each with positions of its own, so that nobody waits.
 */
export async function open({ url }: { url: string }): Promise<Contender> {
  const sessions: pg.Client[] = [];
  const positions: number[] = [];

  const insert = async (client: number, rows: number): Promise<number> => {
    const first = positions[client] as number;
    positions[client] = first + rows;
    const ids = Array.from({ length: rows }, newId);
    await (sessions[client] as pg.Client).query({
      name: 'raw_insert',
      text: `insert into raw_log (chain, position, stream, revision, recorded_at, command_id, command_events, header, data)
             select $1::int, $2::bigint + n, 'note-' || id, 0, clock_timestamp(), id, 1, header, data
             from unnest($3::uuid[], $4::text[], $5::text[]) with ordinality as r(id, header, data, n)`,
      values: [client, first, ids, ids.map(headerOf), ids.map((id) => JSON.stringify({ open: noteOf(id) }))],
    });
    return rows;
  };

  return {
    prepare: () => Promise.resolve(),
    run: async ({ mode, clients, ms, startAt = Date.now() }: Job): Promise<Run> => {
      while (sessions.length < clients) {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        sessions.push(client);
        positions.push(0);
      }
      return closedLoop(clients, ms, startAt, (client) => insert(client, mode === 'one' ? 1 : ROWS));
    },
    count: async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query<{ count: string }>('select count(*) from raw_log');
      await client.end();
      return Number(rows[0]?.count);
    },
    close: async () => {
      await Promise.all(sessions.map((session) => session.end()));
    },
  };
}

const headerOf = (id: string): string =>
  JSON.stringify({ id, type: 'NoteTaken', version: 1, occurredAt: now(), ...contextOf(), commandId: id });
