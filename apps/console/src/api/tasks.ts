import { queryOptions } from '@tanstack/react-query';
import { type Instant, type Person, pagesOf, type SiteRef, type SiteTime } from './common.js';
import { getJson, postJson } from './http.js';

export type TaskState = 'open' | 'taken' | 'done' | 'withdrawn';

export interface TaskActor {
  actor: string;
  practitioner: Person | null;
}

/** Something that a person has to see to, or had. */
export interface Task {
  id: string;
  kind: string;
  severity: 'urgent' | 'high' | 'normal';
  state: TaskState;
  site: SiteRef;
  patient: Person | null;
  course: { id: string; code: string | null } | null;
  messageId: string | null;
  recallId: string | null;
  dueBy: Instant;
  dueWall: SiteTime;
  overdue: boolean;
  by: TaskActor | null;
  settledAt: Instant | null;
  outcome: string | null;
  withdrawnFor: string | null;
}

export interface TaskDetail extends Task {
  notes: { at: Instant; by: TaskActor; note: string | null }[];
  replies: { at: Instant; via: 'sms' | 'link'; meaning: string; text: string | null }[];
}

/** Those that wait for somebody first, in the order in which they are due. */
export const tasksQuery = (filter: { site?: string; state?: string }) => pagesOf<Task>('tasks', '/v1/tasks', filter);

export const taskQuery = (task: string) =>
  queryOptions({
    queryKey: ['task', task],
    queryFn: ({ signal }) => getJson<TaskDetail>(`/v1/tasks/${encodeURIComponent(task)}`, {}, signal),
  });

export const takeTask = (task: string, over: boolean) =>
  postJson(`/v1/tasks/${encodeURIComponent(task)}/take`, over ? { over } : {});

export const finishTask = (task: string, outcome: string, note: string) =>
  postJson(`/v1/tasks/${encodeURIComponent(task)}/done`, note === '' ? { outcome } : { outcome, note });
