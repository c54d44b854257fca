import pg from 'pg';

/** Courses that are under way at the same time, and the events of one: what the log of a chain looks like. */
const OPEN_COURSES = 1_000;
const EVENTS_OF_A_COURSE = 30;
const EVENTS_OF_A_STATEMENT = 100_000;

/**
 * Puts events into the log behind the store's back, as its owner: through the store a large log would take longer than
 * the measurement. Ids grow with time, as UUIDv7 do; each course's events lie between those of a thousand others. The
 * tables are not analysed, and what the server knows of them is what it finds out by itself.
 * @param events rounded up to a whole number of statements
 * @returns how many there are
 */
export async function fillLog(url: string, chainNo: number, events: number): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ position: string }>('select position from chain where no = $1', [chainNo]);
    const base = Number(rows[0]?.position);
    let filled = 0;
    while (filled < events) {
      await client.query(FILL, [chainNo, base + filled, EVENTS_OF_A_STATEMENT, base + 1]);
      filled += EVENTS_OF_A_STATEMENT;
      await client.query('update chain set position = $2 where no = $1', [chainNo, base + filled]);
    }
    return filled;
  } finally {
    await client.end();
  }
}

/** A millisecond an event: the first 48 bits of the ids. 2025-01-01, so that they are older than what is measured. */
const FIRST_MS = Date.UTC(2025, 0, 1);

const uuid = (ms: string, random: string) =>
  `(lpad(to_hex((${ms})::bigint), 12, '0') || '7' || substr(${random}, 1, 3) || '8' || substr(${random}, 4, 15))::uuid`;

const FILL = `
  insert into event_log (chain, position, stream, revision, recorded_at, command_id, command_events, header, data)
  select $1::int, p, 'note-' || course, revision, to_timestamp((${FIRST_MS} + p) / 1000.0), id, 1,
    '{"id":"' || id || '","type":"NoteTaken","version":1,"occurredAt":{"instant":"2026-01-01T00:00:00.000Z","precision":"instant"},"actor":"user:bench","origin":"live","commandId":"' || id || '"}',
    '{"open":{"patientId":"' || course || '","siteId":"' || course || '","number":3,"kind":"course","note":"cheeks and forehead, 2 ml, well tolerated"}}'
  from (
    select p, ((n % ${OPEN_COURSES * EVENTS_OF_A_COURSE}) / ${OPEN_COURSES})::int as revision,
      ${uuid(`${FIRST_MS} + p`, `md5('event' || p)`)} as id,
      ${uuid(
        `${FIRST_MS} + $4::bigint + n / ${OPEN_COURSES * EVENTS_OF_A_COURSE} * ${OPEN_COURSES * EVENTS_OF_A_COURSE} + n % ${OPEN_COURSES}`,
        `md5('course' || $4::bigint || '/' || (n / ${OPEN_COURSES * EVENTS_OF_A_COURSE}) || '/' || (n % ${OPEN_COURSES}))`,
      )} as course
    -- Counted from the first one: every course begins with its first event, whatever the log had before.
    from generate_series($2::bigint + 1, $2::bigint + $3) as p cross join lateral (select p - $4::bigint as n) as counted
  ) e`;
