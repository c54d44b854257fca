import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { readTogether } from '#libs/projections/src/combined.statement.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { validateProtocol } from '#libs/protocols/src/validate.js';
import {
  COURSE_PROGRESS,
  CourseReferences,
  DIRECTORY,
  draftFold,
  draftStream,
  DraftUnknown,
  ENDS_ON,
  MAINTENANCE_DUE,
  type People,
  PERSON_END,
  type PlannedCourse,
} from '#libs/treatment/src/what-if.contract.js';
import { type CourseDifference, type ReplayedWorld, replayUnder } from './course-difference.js';
import type { WhatIfRequest, WhatIfSummary } from './what-if.contract.js';
import { NothingToReplay, ReplayRefused } from './what-if.errors.js';
import { WhatIfSums } from './what-if-sums.js';

/** Some 3 MB of states; two pages are in memory at a time. */
const PAGE_COURSES = 500;
/** For so long nobody else is heard in this process; a course takes a fraction of it. */
const TURN_MS_MAX = 20;

/** What a replay tells while it runs, and at its end. */
export type WhatIfLine =
  /** In courses that were looked at. */
  | { readonly progress: { readonly done: number; readonly total: number } }
  | { readonly course: CourseDifference & { readonly code: string | null } }
  | { readonly summary: WhatIfSummary };

/** Which courses are replayed. */
interface Selection {
  readonly chain: Chain;
  /** Code of the protocol that they were planned with. */
  readonly over: string;
  readonly siteId: Id | null;
}

interface Row {
  readonly id: Id;
  readonly code: string | null;
  readonly state: PlannedCourse;
  /** When its maintenance ends: by a later course, by death or by moving away. */
  readonly ends_on: LocalDate | null;
}

interface Page {
  readonly rows: readonly Row[];
  /** Undefined for a course whose protocol's version is not known, which cannot be judged. */
  readonly worldOf: (course: PlannedCourse) => ReplayedWorld | undefined;
}

const SCHEMA = `"${schemaOf(COURSE_PROGRESS)}"`;

/** Replays courses of a past period under a protocol that is not published. It writes nothing, and could not. */
export class WhatIf {
  /** The read models that it looks at. */
  static readonly reads = [COURSE_PROGRESS.name, MAINTENANCE_DUE.name, DIRECTORY.name] as const;

  private readonly references = new CourseReferences();

  constructor(
    private readonly db: Database,
    private readonly boxes: Boxes,
    private readonly runner: CommandRunner,
    private readonly codes: References,
    private readonly people: People,
  ) {}

  /**
   * Compares what each course of the protocol came to with what it would have come to under the draft: progress in
   * courses, a line for each course in which something would differ, and the sums at last.
   * @param signal stops it between two pages
   * @throws NotFound `protocol-draft.unknown`, `protocol.unknown`, `site.unknown`; Refused `protocol.findings` with what
   *   to mend
   */
  async *run(chain: Chain, request: WhatIfRequest, signal?: AbortSignal): AsyncGenerator<WhatIfLine> {
    const draft = await this.protocolOf(chain, request);
    const { site, over = draft.code } = request;
    const published = await this.published(chain, over);
    if (published.size === 0) throw new NothingToReplay(over);
    const siteId = site === undefined ? null : await this.codes.resolve(chain, 'site', site);
    const selection: Selection = { chain, over, siteId };
    const sites = await this.people.sites(chain);
    const total = await this.count(selection);
    const replay = replayUnder(draft, { from: request.from, to: request.to });
    const sums = new WhatIfSums();
    yield { progress: { done: 0, total } };
    let [upcoming, done, isLast] = [this.page(selection, null, published), 0, false];
    while (!isLast) {
      signal?.throwIfAborted();
      const { rows, worldOf } = await upcoming;
      isLast = rows.length < PAGE_COURSES;
      if (!isLast) {
        // The database looks for the next ones while these are replayed.
        upcoming = this.page(selection, (rows.at(-1) as Row).id, published);
        // Whoever comes next is told.
        upcoming.catch(() => undefined);
      }
      let turn = performance.now();
      for (const { id, code, state, ends_on: endsOn } of rows) {
        if (performance.now() - turn > TURN_MS_MAX) {
          await nextTurn();
          turn = performance.now();
        }
        const world = worldOf(state);
        const zone = sites.get(state.siteId)?.timeZone ?? 'UTC';
        const replayed = world && replay(state, world, { zone, endsOn });
        if (!replayed) continue;
        sums.add(replayed);
        const { difference } = replayed;
        if (difference && request.details) yield { course: asLine(difference, id, code) };
      }
      done += rows.length;
      // Courses that were planned meanwhile are looked at, too.
      yield { progress: { done, total: Math.max(total, done) } };
    }
    yield { summary: sums.summary };
  }

  private async protocolOf(chain: Chain, { draft, protocol }: WhatIfRequest): Promise<Protocol> {
    const content = draft === undefined ? { version: 1, ...protocol } : await this.draftContent(chain, draft);
    const validation = validateProtocol(content);
    if (validation.ok) return validation.protocol;
    throw new ReplayRefused(draft === undefined ? 'protocol' : 'draft', validation.findings);
  }

  private async draftContent(chain: Chain, draftId: Id): Promise<Record<string, unknown>> {
    const { state } = await this.runner.read(chain, draftStream(draftId), draftFold);
    if (state.status === 'none') throw new DraftUnknown();
    return { ...state.draft, code: state.code, version: 1 };
  }

  /** Every version of a protocol that courses may have been planned with. */
  private async published(chain: Chain, code: string): Promise<ReadonlyMap<number, Protocol>> {
    const { rows } = await this.db.query<{ version: number; protocol: Protocol }>(
      `select version, protocol from ${SCHEMA}.protocol where chain = $1 and code = $2`,
      [chain.no, code],
    );
    return new Map(rows.map(({ version, protocol }) => [version, protocol]));
  }

  private async count({ chain, over, siteId }: Selection): Promise<number> {
    const { rows } = await this.db.query<{ courses: number }>(
      `select count(*)::integer as courses from ${SCHEMA}.course
       where chain = $1 and protocol = $2 and ($3::uuid is null or site_id = $3)`,
      [chain.no, over, siteId],
    );
    return rows[0]?.courses ?? 0;
  }

  /**
   * The next courses in the order of their ids, with what each is judged by. The transaction lasts for the page only, so
   * that a caller who takes lines slowly holds nothing; and the database refuses whatever would write in it.
   */
  private page({ chain, over, siteId }: Selection, after: Id | null, published: ReadonlyMap<number, Protocol>) {
    return this.db.transaction(async (tx): Promise<Page> => {
      await tx.query('set transaction read only');
      // The references name their tables as the projection does that keeps them.
      await tx.query(`set local search_path to ${SCHEMA}, public`);
      const { rows } = await tx.query<Row>(
        `select c.id, c.code, c.state, ${ENDS_ON} as ends_on from course c ${PERSON_END}
         where c.chain = $1 and c.protocol = $2 and ($3::uuid is null or c.site_id = $3)
           and ($4::uuid is null or c.id > $4)
         order by c.id limit $5`,
        [chain.no, over, siteId, after, PAGE_COURSES],
      );
      const states = rows.map(({ state }) => state);
      const facts = await readTogether(tx, this.references.reads(chain, states));
      const protocolOf = ({ protocol }: PlannedCourse) => published.get(protocol.version);
      const context = { tx, chain, boxes: this.boxes.within(tx) };
      const worlds = await this.references.worldsOf(context, protocolOf, facts);
      return {
        rows,
        worldOf: (course) => {
          const world = worlds(course);
          return world.protocol && { ...world, protocol: world.protocol };
        },
      };
    });
  }
}

/** In the order in which a person reads it. */
const asLine = ({ plan, sessions, due, messages }: CourseDifference, courseId: Id, code: string | null) => ({
  courseId,
  code,
  plan,
  sessions,
  due,
  messages,
});
