import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { schemaOf } from '#libs/projections/src/projection.js';
import { COURSE_PROGRESS } from '#libs/treatment/src/what-if.contract.js';
import { Child } from './support/child.js';
import { CpuProfiles } from './support/cpu-profile.js';
import { type Figure, printFigures, printMachine } from './support/figures.js';
import { readFlags } from './support/flags.js';
import type { HistoryWriter, WriterOptions } from './support/history.writer.js';
import { type ScratchDatabase, scratchDatabase, serverSettings } from './support/scratch-database.js';
import type { WhatIfRun, WhatIfRunner } from './support/what-if.runner.js';

/**
 * How long a draft takes to be replayed over the courses of a large chain, and whether memory stays flat.
 *
 * A log of as many courses would take longer to write than all that is measured. So some thousand courses come from
 * events, through the store and the projections; those of one protocol are then copied inside the read model until there
 * are enough, each with an id and a patient of its own, whose record is copied as well: a person rarely has two courses.
 * Consultations are those of the originals.
 */
const flags = readFlags(['lines', 'sums'], { courses: 100_000, events: 60_000 });
const masterKey = randomBytes(32).toString('hex');
const profiles = flags.profile ? new CpuProfiles() : undefined;
const PROTOCOL = 'facial';
/** Of a statement: the server keeps nothing of it afterwards. */
const COPIES = 5_000;

async function fill(database: ScratchDatabase): Promise<number> {
  const options: WriterOptions = {
    ...{ url: database.url, masterKey, seed: 1, health: true },
    projecting: 'all of treatment',
  };
  const writer = await Child.start<WriterOptions, HistoryWriter>('history.writer', options);
  try {
    await writer.call('writeUntil', flags.number('events'));
    await writer.call('caughtUp');
  } finally {
    await writer.close();
  }
  const { client } = database;
  await client.query(`set search_path to "${schemaOf(COURSE_PROGRESS)}", public`);
  await client.query('create temporary table original as select * from course where protocol = $1', [PROTOCOL]);
  const { rows } = await client.query<{ originals: number }>('select count(*)::integer as originals from original');
  const originals = rows[0]?.originals ?? 0;
  for (let filled = originals; filled < flags.number('courses'); filled += COPIES) {
    await client.query(COPY, [Math.min(COPIES, flags.number('courses') - filled), filled]);
  }
  await client.query('vacuum analyze course, patient');
  return originals;
}

/** Every column as it is, but for what names the course and its patient. */
const COPY = `
  with numbered as (
    select row_number() over (order by id) - 1 as n, count(*) over () as originals, o.* from original o
  ), own as (
    select g, md5('copy ' || g)::uuid as id, md5('patient of copy ' || g)::uuid as patient_id
    from generate_series($2::bigint, $2::bigint + $1::bigint - 1) as g
  ), patients as (
    insert into patient
    select copied.* from numbered join own on own.g % numbered.originals = numbered.n
    join patient p on p.chain = numbered.chain and p.id = numbered.patient_id
    cross join lateral jsonb_populate_record(null::patient, to_jsonb(p) || jsonb_build_object('id', own.patient_id)) as copied
  )
  insert into course
  select copied.* from numbered join own on own.g % numbered.originals = numbered.n
  cross join lateral jsonb_populate_record(null::course, to_jsonb(numbered) || jsonb_build_object(
    'id', own.id, 'patient_id', own.patient_id, 'code', null, 'sort_key', '1' || own.id,
    'state', replace(
      replace(numbered.state::text, numbered.id::text, own.id::text),
      numbered.patient_id::text, own.patient_id::text
    )::jsonb
  )) as copied`;

const figures: Figure[] = [];

function tell(what: string, { seconds, cpuSeconds, summary, lines, megabytes, rssMb, deafMs }: WhatIfRun): void {
  const { courses, differing, sessions } = summary;
  const mb = (value: number) => Math.round(value).toLocaleString('en');
  const number = (value: number) => value.toLocaleString('en');
  console.log(
    `${what}: ${number(courses)} courses with ${number(sessions)} sessions, ${number(differing)} of them differ; ` +
      `${number(lines)} lines, ${mb(megabytes)} MB.`,
  );
  figures.push(
    {
      what: `${what}, ${number(courses)} courses`,
      value: seconds,
      unit: 's',
      target: '<= 60',
      note: `${cpuSeconds.toFixed(1)} s of one processor`,
    },
    {
      what: `${what}, most memory of the second half, to that of the first`,
      value: rssMb.mostOfSecond / rssMb.mostOfFirst,
      unit: '×',
      target: '<= 1.2',
      note: `${mb(rssMb.before)} MB before, ${mb(rssMb.middle)} half-way, ${mb(rssMb.after)} after; most ${mb(rssMb.mostOfFirst)} and ${mb(rssMb.mostOfSecond)} MB`,
    },
    { what: `${what}, longest time that others of the process wait`, value: deafMs, unit: 'ms' },
  );
}

printMachine();
const database = await scratchDatabase();
try {
  console.log(`${await serverSettings(database)}. Load ${loadavg()[0]?.toFixed(1)} before.\n`);
  const since = performance.now();
  const originals = await fill(database);
  const filledIn = ((performance.now() - since) / 1000).toFixed(0);
  console.log(
    `${originals} courses of ${PROTOCOL} from events, copied to ${flags.number('courses')}, in ${filledIn} s.`,
  );
  for (const [part, details] of [
    ['lines', true],
    ['sums', false],
  ] as const) {
    if (!flags.runs(part)) continue;
    const nodeFlags = profiles?.flags(`what-if-${part}`) ?? [];
    const runner = await Child.start<object, WhatIfRunner>(
      'what-if.runner',
      { url: database.url, masterKey },
      nodeFlags,
    );
    try {
      tell(details ? 'what-if, each course told' : 'what-if, sums alone', await runner.call('run', PROTOCOL, details));
    } finally {
      await runner.close();
    }
  }
  console.log(`Load ${loadavg()[0]?.toFixed(1)} after.\n`);
} finally {
  await database.drop();
}
printFigures(figures);
profiles?.print();
