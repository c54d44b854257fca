import pg from 'pg';
import type { Rebuilder, Rebuilt } from './rebuild.runner.js';
import { stopwatch } from './stopwatch.js';

const PAGE_EVENTS = 2_000;

interface Row {
  position: string;
  stream: string;
  header: string;
  data: string;
}

interface Parsed {
  readonly id: string;
  readonly type: string;
  readonly occurredAt: { readonly instant: string };
}

/**
 * The least that applying events can mean: read a page, parse it, fold it, write a row an event in one statement, and
 * commit together with the checkpoint. One session, one after the other.
 */
export async function open({ url }: { url: string }): Promise<Rebuilder> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    rebuild: async (): Promise<Rebuilt> => {
      await client.query(`
        drop table if exists bare_row, bare_checkpoint;
        create table bare_row (id uuid primary key, stream text not null, type text not null, happened_at text not null);
        create table bare_checkpoint (position bigint not null);
        insert into bare_checkpoint values (0)`);
      const types = new Map<string, number>();
      const elapsed = stopwatch();
      let events = 0;
      for (let position = 0; ; ) {
        const { rows } = await client.query<Row>({
          name: 'bare_read',
          text: `select position, stream, header, data from event_log where chain = 1 and position > $1
                 order by position limit ${PAGE_EVENTS}`,
          values: [position],
        });
        if (rows.length === 0) break;
        const page = rows.map(({ stream, header, data }) => ({
          stream,
          header: JSON.parse(header) as Parsed,
          data: JSON.parse(data) as object,
        }));
        for (const { header } of page) types.set(header.type, (types.get(header.type) ?? 0) + 1);
        await write(client, page);
        position = Number((rows.at(-1) as Row).position);
        await client.query({
          name: 'bare_checkpoint',
          text: 'update bare_checkpoint set position = $1',
          values: [position],
        });
        await client.query('commit');
        events += rows.length;
      }
      return { events, ...elapsed() };
    },
    close: () => client.end(),
  };
}

async function write(client: pg.Client, page: readonly { stream: string; header: Parsed }[]): Promise<void> {
  await client.query('begin');
  await client.query({
    name: 'bare_write',
    text: `insert into bare_row (id, stream, type, happened_at)
           select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
           on conflict (id) do update set happened_at = excluded.happened_at`,
    values: [
      page.map(({ header }) => header.id),
      page.map(({ stream }) => stream),
      page.map(({ header }) => header.type),
      page.map(({ header }) => header.occurredAt.instant),
    ],
  });
}
