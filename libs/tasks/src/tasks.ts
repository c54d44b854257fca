import type { Queryable } from '#libs/database/src/database.js';
import type { Engine } from '#libs/engine/src/engine.js';
import { References } from '#libs/cqrs/src/references.js';
import type { Projection, Reactor } from '#libs/projections/src/projection.js';
import { OpenAdverseEvents, People, RecallSites } from '#libs/treatment/src/tasks.contract.js';
import { TaskCandidates } from './raise/task-candidates.js';
import { TaskNotes } from './raise/task-notes.js';
import { TaskRaiser } from './raise/task-raiser.js';
import { TaskRaiserReactor } from './raise/task-raiser.reactor.js';
import { TaskSweeper } from './raise/task-sweeper.js';
import { migrateTasks } from './tasks.migrations.js';
import { tasksProjection } from './tasks/tasks.projection.js';
import { TasksQuery } from './tasks/tasks.query.js';

/** What tasks stand on. */
export type TasksEngine = Pick<Engine, 'db' | 'store' | 'codec' | 'chains' | 'boxes' | 'codes' | 'runner'>;

/** Tasks in any process, whether it raises them or only answers about them. */
export interface Tasks {
  /** To be run with the other projections of the deployment. */
  readonly works: readonly (Projection | Reactor)[];
  readonly queries: TasksQuery;
  readonly raiser: TaskRaiser;
  /** For a process that works. */
  readonly sweeper: TaskSweeper;
}

/**
 * Brings the tables up to date and puts the parts together. Nothing runs yet.
 * @param reads by which people are answered
 */
export async function openTasks(engine: TasksEngine, reads: Queryable = engine.db): Promise<Tasks> {
  const { db, chains, codes, boxes } = engine;
  await migrateTasks(db);
  const [notes, candidates, recalls] = [new TaskNotes(db), new TaskCandidates(db), new RecallSites(db)];
  const raiser = new TaskRaiser({ ...engine, notes, recalls });
  const [references, people] = [new References(codes), new People(reads, codes, boxes)];
  return {
    works: [new TaskRaiserReactor(raiser, notes, candidates), tasksProjection],
    queries: new TasksQuery({ ...engine, db: reads, references, people }),
    raiser,
    sweeper: new TaskSweeper({ chains, raiser, candidates, recalls, adverseEvents: new OpenAdverseEvents(db) }),
  };
}
