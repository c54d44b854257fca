import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { SealedBox } from '#libs/event-store/src/boxes.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import type { Database, Queryable } from '#libs/database/src/database.js';
import { migrate } from '#libs/database/src/migrations.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { CourseEnd, LineInfo, Reference } from './file-format.js';
import type { HistoryFile } from './history-file.js';

/** Makes or brings up to date the tables of the import. */
export const migrateHistoryImport = async (db: Database): Promise<void> => {
  await migrate(db, { name: 'history-import', folder: join(import.meta.dirname, 'migrations') });
};

/**
 * Removes what the import remembers of the content of patients' lines. That there was such a line stays, as a keyed hash of
 * its code: without it, a second import of the same folder would bring back who was erased.
 */
export async function forgetLines(tx: Queryable, chain: Chain, patientIds: readonly Id[]): Promise<void> {
  await tx.query(
    `update import_line set content = '' where chain = $1 and id = any($2::uuid[]) and file = 'patients'`,
    [chain.no, patientIds],
  );
}

export interface Claim {
  readonly identity: string;
  readonly content: string;
  readonly id: Id;
  readonly info: LineInfo | null;
}

/** Who holds an identity. */
export interface Holder {
  readonly content: string;
  readonly done: boolean;
}

/** The end of a course that is still to be appended. */
export interface PendingCourseEnd extends Omit<CourseEnd, 'reason'> {
  readonly reason: SealedBox | null;
  /** Its last performed session; null where none was. */
  readonly lastSessionAt: ZonedTime | null;
}

/** What a batch leaves behind once its events are appended. */
export interface BatchResult {
  readonly file: HistoryFile;
  readonly lines: readonly Omit<Claim, 'info'>[];
  readonly courseEnds: readonly (Omit<CourseEnd, 'reason'> & { readonly reason: SealedBox | null })[];
  readonly performed: readonly { readonly courseId: Id; readonly at: ZonedTime }[];
}

/** 128 bits of HMAC: two lines of a billion do not meet, and the index stays small. */
const HASH_CHARACTERS = 22;

/**
 * What the import remembers of lines, for one chain.
 *
 * Rows are looked up one by one by their whole keys (lateral, `on conflict`), never by a join with the batch or `= any`:
 * while a table has no statistics yet, those are planned as a scan of all lines of the file, and where plans are kept,
 * they stay so. Each batch would then cost as much as all before it.
 */
export class ImportLines {
  private readonly key: Buffer;

  constructor(
    private readonly db: Database,
    private readonly chain: Chain,
    master: MasterKey,
  ) {
    this.key = master.derive(`import lines ${chain.id}`);
  }

  /** Keyed hash of parts, which keeps `['a', 'bc']` apart from `['ab', 'c']`. */
  hash(file: HistoryFile, parts: readonly string[]): string {
    const text = JSON.stringify([file, ...parts]);
    return createHmac('sha256', this.key).update(text).digest('base64url').slice(0, HASH_CHARACTERS);
  }

  /**
   * Claims identities that nobody holds; each may be named once in a call.
   * @returns for each, who held it before; undefined where nobody did.
   */
  async claim(file: HistoryFile, claims: readonly Claim[]): Promise<(Holder | undefined)[]> {
    // Both parts of the statement see the table as it was before it.
    const { rows } = await this.db.query<{ content: string | null; done: boolean | null }>(
      `with wanted as (
         select * from unnest($3::text[], $4::text[], $5::uuid[], $6::text[])
           with ordinality as w(identity, content, id, info, n)
       ), claimed as (
         insert into import_line (chain, file, identity, content, id, info)
         select $1, $2, identity, content, id, info::jsonb from wanted
         on conflict do nothing
       )
       select l.content, l.done
       from wanted w
       left join lateral (
         select content, done from import_line where chain = $1 and file = $2 and identity = w.identity limit 1
       ) l on true
       order by w.n`,
      [
        this.chain.no,
        file,
        claims.map((claim) => claim.identity),
        claims.map((claim) => claim.content),
        claims.map((claim) => claim.id),
        claims.map((claim) => claim.info && JSON.stringify(claim.info)),
      ],
    );
    return rows.map(({ content, done }) => (content === null ? undefined : { content, done: done === true }));
  }

  /** Gives claims up that came to nothing. */
  async release(file: HistoryFile, identities: readonly string[]): Promise<void> {
    if (identities.length === 0) return;
    await this.db.query('delete from import_line where chain = $1 and file = $2 and identity = any($3) and not done', [
      this.chain.no,
      file,
      identities,
    ]);
  }

  /** Marks lines as done, and keeps what the ends of their courses will need: at once, in one round trip. */
  async finish({ file, lines, courseEnds, performed }: BatchResult): Promise<void> {
    const last = lastOf(performed);
    await this.db.query(
      `with done as (
         insert into import_line (chain, file, identity, content, id)
         select $1, $2, * from unnest($3::text[], $4::text[], $5::uuid[])
         on conflict (chain, file, identity) do update set done = true
       ), ends as (
         insert into import_course_end (chain, course_id, patient_id, site_id, status, reason, consulted_at)
         select $1, course_id, patient_id, site_id, status, reason::jsonb, consulted_at::json
         from unnest($6::uuid[], $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::text[])
           as e(course_id, patient_id, site_id, status, reason, consulted_at)
         on conflict do nothing
       )
       update import_course_end e set last_session_at = s.at::json
       from (
         select w.at, w.instant, k.place
         from unnest($12::uuid[], $13::text[], $14::timestamptz[]) as w(course_id, at, instant)
         cross join lateral (
           select ctid as place from import_course_end where chain = $1 and course_id = w.course_id limit 1
         ) k
       ) s
       where e.ctid = s.place
         and (e.last_session_at is null or (e.last_session_at->>'instant')::timestamptz < s.instant)`,
      [
        this.chain.no,
        file,
        lines.map((line) => line.identity),
        lines.map((line) => line.content),
        lines.map((line) => line.id),
        courseEnds.map((end) => end.courseId),
        courseEnds.map((end) => end.patientId),
        courseEnds.map((end) => end.siteId),
        courseEnds.map((end) => end.status),
        courseEnds.map((end) => end.reason && JSON.stringify(end.reason)),
        courseEnds.map((end) => JSON.stringify(end.consultedAt)),
        last.map(([courseId]) => courseId),
        last.map(([, at]) => JSON.stringify(at)),
        last.map(([, at]) => at.instant),
      ],
    );
  }

  /** The things that accepted lines hold, by identity. */
  async find(file: HistoryFile, identities: readonly string[]): Promise<Map<string, Reference>> {
    if (identities.length === 0) return new Map();
    const { rows } = await this.db.query<{ identity: string; id: Id; info: LineInfo | null }>(
      `select w.identity, l.id, l.info
       from unnest($3::text[]) as w(identity)
       cross join lateral (
         select id, info, done from import_line where chain = $1 and file = $2 and identity = w.identity limit 1
       ) l
       where l.done`,
      [this.chain.no, file, identities],
    );
    return new Map(rows.map(({ identity, id, info }) => [identity, { id, info: info ?? {} }]));
  }

  /** Remembers, for this run, that lines with these identities were refused; the first line counts. */
  async keepRefused(file: HistoryFile, lines: ReadonlyMap<string, number>): Promise<void> {
    if (lines.size === 0) return;
    await this.db.query(
      `insert into import_refused (chain, file, identity, line)
       select $1, $2, * from unnest($3::text[], $4::integer[]) on conflict do nothing`,
      [this.chain.no, file, [...lines.keys()], [...lines.values()]],
    );
  }

  async findRefused(file: HistoryFile, identities: readonly string[]): Promise<Map<string, number>> {
    if (identities.length === 0) return new Map();
    const { rows } = await this.db.query<{ identity: string; line: number }>(
      `select w.identity, r.line
       from unnest($3::text[]) as w(identity)
       cross join lateral (
         select line from import_refused where chain = $1 and file = $2 and identity = w.identity limit 1
       ) r`,
      [this.chain.no, file, identities],
    );
    return new Map(rows.map(({ identity, line }) => [identity, line]));
  }

  async forgetRefused(): Promise<void> {
    await this.db.query('delete from import_refused where chain = $1', [this.chain.no]);
  }

  /** Ends that wait, in the order of course ids, after one. */
  async pendingCourseEnds(after: Id, limit: number): Promise<PendingCourseEnd[]> {
    const { rows } = await this.db.query<PendingCourseEnd>(
      `select course_id as "courseId", patient_id as "patientId", site_id as "siteId", status, reason,
              consulted_at as "consultedAt", last_session_at as "lastSessionAt"
       from import_course_end where chain = $1 and course_id > $2 order by course_id limit $3`,
      [this.chain.no, after, limit],
    );
    return rows;
  }

  /** Drops the ends after one course up to and with another. */
  async dropCourseEnds(after: Id, last: Id): Promise<void> {
    await this.db.query('delete from import_course_end where chain = $1 and course_id > $2 and course_id <= $3', [
      this.chain.no,
      after,
      last,
    ]);
  }
}

/** The last performed session of each course, among those of a batch. */
function lastOf(performed: BatchResult['performed']): [courseId: Id, at: ZonedTime][] {
  const last = new Map<Id, ZonedTime>();
  for (const { courseId, at } of performed) {
    const known = last.get(courseId);
    if (!known || known.instant < at.instant) last.set(courseId, at);
  }
  return [...last];
}
