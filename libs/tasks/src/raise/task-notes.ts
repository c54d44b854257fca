import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { TaskCause } from '../task/task.events.js';
import type { RaisedTask } from '../task/task.state.js';

/** Things by which the causes of tasks are found again. */
export interface Subjects {
  readonly messages?: readonly Id[];
  readonly courses?: readonly Id[];
  readonly patients?: readonly Id[];
  readonly recalls?: readonly Id[];
}

/** Which tasks may have to be withdrawn when something happens. Only a short cut: what is so is in the events. */
export class TaskNotes {
  constructor(private readonly db: Database) {}

  async note(chain: Chain, { taskId, cause, courseId, patientId }: RaisedTask): Promise<void> {
    await this.db.query(
      `insert into task_note (chain, task_id, cause, message_id, course_id, patient_id, recall_id)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
      [
        ...[chain.no, taskId, JSON.stringify(cause)],
        'messageId' in cause ? cause.messageId : null,
        ...[courseId ?? null, patientId ?? null],
        'recallId' in cause ? cause.recallId : null,
      ],
    );
  }

  /** The causes of tasks that were raised about any of these, settled ones included. */
  async about(
    chain: Chain,
    { messages = [], courses = [], patients = [], recalls = [] }: Subjects,
  ): Promise<TaskCause[]> {
    if (messages.length + courses.length + patients.length + recalls.length === 0) return [];
    const { rows } = await this.db.query<{ cause: TaskCause }>(
      `select cause from task_note where chain = $1 and message_id = any($2::uuid[])
       union select cause from task_note where chain = $1 and course_id = any($3::uuid[])
       union select cause from task_note where chain = $1 and patient_id = any($4::uuid[])
       union select cause from task_note where chain = $1 and recall_id = any($5::uuid[])`,
      [chain.no, messages, courses, patients, recalls],
    );
    return rows.map(({ cause }) => cause);
  }
}
