import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { unlessErased } from '#libs/event-store/src/personal-data.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { isId } from '#libs/kernel/src/ids.js';
import { type Instant, wallAt } from '#libs/kernel/src/zoned-time.js';
import { type MessageEvent, messageStream } from '#libs/messaging/src/message.contract.js';
import { DIRECTORY, type People, siteIn, siteRef } from '#libs/treatment/src/tasks.contract.js';
import { TaskUnknown } from '../task/task.errors.js';
import { type TaskBy, type TaskEvent, taskStream } from '../task/task.events.js';
import type { TaskDetail, TaskListParams, TaskView } from './task.views.js';
import { type TaskRow, TASKS, TASKS_SCHEMA } from './tasks.projection.js';

const SCHEMA = `"${TASKS_SCHEMA}"`;
const SETTLED = `(t.state in ('done', 'withdrawn'))`;

const iso = (time: Date | Instant): Instant => new Date(time).toISOString();
const isSettled = ({ state }: TaskRow): boolean => state === 'done' || state === 'withdrawn';

/** How many tasks wait for somebody, by what they are. */
export interface OpenTasks {
  readonly kind: string;
  readonly severity: string;
  readonly tasks: number;
}

export interface TasksQueryDependencies {
  readonly db: Queryable;
  readonly chains: Pick<Chains, 'now'>;
  readonly references: References;
  readonly people: People;
  readonly runner: Pick<CommandRunner, 'events'>;
}

/** What a person has to see to. Names and words are opened here, and nowhere before. */
export class TasksQuery {
  static readonly reads = [TASKS.name, DIRECTORY.name] as const;

  constructor(private readonly deps: TasksQueryDependencies) {}

  /**
   * Those that wait for somebody first, in the order in which they are due; then those that are settled.
   * @throws NotFound `site.unknown`, `patient.unknown`; Invalid `cursor.malformed`
   */
  async list(chain: Chain, params: TaskListParams): Promise<{ items: TaskView[]; next: string | null }> {
    const { db, references } = this.deps;
    const { site, patient, state, kind, limit, cursor } = params;
    const siteId = site === undefined ? null : await references.resolve(chain, 'site', site);
    const patientId = patient === undefined ? null : await references.resolve(chain, 'patient', patient);
    const [settled, dueBy, id] = cursor === undefined ? [null, null, null] : decodeCursor(cursor, 3);
    const { rows } = await db.query<TaskRow>(
      `select t.* from ${SCHEMA}.task t
       where t.chain = $1
         and ($2::uuid is null or t.site_id = $2)
         and ($3::uuid is null or t.patient_id = $3)
         and ($4::text[] is null or t.state = any($4))
         and ($5::text is null or t.kind = $5)
         and ($6::boolean is null or (${SETTLED}, t.due_by, t.id) > ($6, $7::timestamptz, $8::uuid))
       order by ${SETTLED}, t.due_by, t.id limit $9`,
      [
        ...[chain.no, siteId, patientId, state ?? null, kind ?? null],
        ...[settled === null ? null : settled === 1, dueBy, id, limit + 1],
      ],
    );
    const page = pageOf(rows, limit, (row) => [isSettled(row) ? 1 : 0, iso(row.due_by), row.id]);
    return { items: await this.views(chain, page.items), next: page.next };
  }

  /** A task with its notes and, where it is about a message, with what the patient answered. @throws TaskUnknown */
  async detail(chain: Chain, taskId: string): Promise<TaskDetail> {
    const { rows } = isId(taskId)
      ? await this.deps.db.query<TaskRow>(`select t.* from ${SCHEMA}.task t where t.chain = $1 and t.id = $2`, [
          chain.no,
          taskId,
        ])
      : { rows: [] };
    const [view] = await this.views(chain, rows);
    if (!view) throw new TaskUnknown();
    const [notes, replies] = await Promise.all([this.notes(chain, taskId), this.replies(chain, view.messageId)]);
    return { ...view, notes, replies };
  }

  async open(chain: Chain): Promise<OpenTasks[]> {
    const { rows } = await this.deps.db.query<OpenTasks>(
      `select t.kind, t.severity, count(*)::int as tasks from ${SCHEMA}.task t
       where t.chain = $1 and not ${SETTLED} group by t.kind, t.severity`,
      [chain.no],
    );
    return rows;
  }

  private async notes(chain: Chain, taskId: string): Promise<TaskDetail['notes']> {
    const events = await this.deps.runner.events<TaskEvent>(chain, taskStream(taskId));
    const noted = events.flatMap((event) => (event.type === 'TaskNoted' ? [event] : []));
    const who = await this.who(
      chain,
      noted.map(({ data }) => data.by),
    );
    return noted.map(({ recordedAt, data }) => ({
      at: recordedAt,
      by: who(data.by),
      note: unlessErased<string, null>(data.note, null),
    }));
  }

  private async replies(chain: Chain, messageId: string | null): Promise<TaskDetail['replies']> {
    if (messageId === null) return [];
    const events = await this.deps.runner.events<MessageEvent>(chain, messageStream(messageId));
    return events.flatMap((event) => {
      if (event.type !== 'MessageReplied') return [];
      const { via, meaning, text } = event.data;
      return [{ at: event.recordedAt, via, meaning, text: unlessErased<string | null, null>(text, null) }];
    });
  }

  private async views(chain: Chain, rows: readonly TaskRow[]): Promise<TaskView[]> {
    if (rows.length === 0) return [];
    const { people, chains } = this.deps;
    const [now, sites, patient, course, who] = await Promise.all([
      chains.now(chain),
      people.sites(chain),
      people.patients(
        chain,
        rows.flatMap((row) => row.patient_id ?? []),
      ),
      people.courses(
        chain,
        rows.flatMap((row) => row.course_id ?? []),
      ),
      this.who(chain, rows.flatMap(byOf)),
    ]);
    return rows.map((row): TaskView => {
      const site = siteIn(sites, row.site_id);
      const [by] = byOf(row);
      return {
        ...{ id: row.id, kind: row.kind, severity: row.severity, state: row.state },
        site: siteRef(site),
        dueWall: { wall: wallAt(iso(row.due_by), site.timeZone), zone: site.timeZone },
        patient: row.patient_id === null ? null : patient(row.patient_id),
        course: row.course_id === null ? null : { id: row.course_id, code: course(row.course_id, '').code },
        ...{
          messageId: row.message_id,
          sessionId: row.session_id,
          recallId: row.recall_id,
          slotId: row.slot_id,
          ordinal: row.ordinal,
        },
        ...{ dueBy: iso(row.due_by), raisedAt: iso(row.raised_at), overdue: !isSettled(row) && iso(row.due_by) < now },
        by: by ? who(by) : null,
        settledAt: row.settled_at && iso(row.settled_at),
        outcome: (row.state === 'done' ? row.outcome : null) as TaskView['outcome'],
        withdrawnFor: (row.state === 'withdrawn' ? row.outcome : null) as TaskView['withdrawnFor'],
      };
    });
  }

  private async who(chain: Chain, all: readonly TaskBy[]): Promise<(by: TaskBy) => NonNullable<TaskView['by']>> {
    const practitioner = await this.deps.people.practitioners(
      chain,
      all.flatMap(({ practitionerId }) => practitionerId ?? []),
    );
    return ({ actor, practitionerId }) => ({
      actor,
      practitioner: practitionerId === null ? null : practitioner(practitionerId),
    });
  }
}

const byOf = ({ by_actor: actor, by_practitioner: practitionerId }: TaskRow): TaskBy[] =>
  actor === null ? [] : [{ actor, practitionerId }];
