import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { finishTask, type Task, type TaskActor, takeTask, taskQuery } from '../api/tasks.js';
import { Badge, WarningChip } from '../ui/chips.js';
import { Confirm } from '../ui/confirm.js';
import { formatInstant, formatWall } from '../ui/dates.js';
import { formText } from '../ui/form-text.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { CourseLink, PatientLink, PersonName, SiteName } from '../ui/names.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { TASK_OUTCOMES, taskText } from './task-text.js';

/** Tasks with when each is due, and what to do about it. */
export function TasksTable({ tasks }: { tasks: Task[] }) {
  return (
    <table className="ledger">
      <caption className="sr-only">Tasks with when each is due and who sees to it</caption>
      <thead>
        <tr>
          <th scope="col">Due</th>
          <th scope="col">What</th>
          <th scope="col" className="max-md:hidden">
            Patient and course
          </th>
          <th scope="col" className="max-lg:hidden">
            Site
          </th>
          <th scope="col">Who</th>
        </tr>
      </thead>
      <tbody>
        {tasks.map((task) => (
          <tr key={task.id} data-task={task.id}>
            <td className="whitespace-nowrap">
              <Due task={task} />
            </td>
            <th scope="row">
              <What task={task} />
            </th>
            <td className="max-md:hidden">
              <About task={task} />
            </td>
            <td className="max-lg:hidden">
              <SiteName site={task.site} />
            </td>
            <td>
              <Who task={task} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Due({ task: { dueWall, overdue, severity, settledAt } }: { task: Task }) {
  return (
    <>
      <span className="block" title={dueWall.zone}>
        {formatWall(dueWall.wall)}
      </span>
      {overdue ? <WarningChip>Overdue</WarningChip> : settledAt === null && <Badge>{words(severity)}</Badge>}
    </>
  );
}

function What({ task }: { task: Task }) {
  const { what, todo } = taskText(task.kind);
  return (
    <>
      <b className="block font-semibold">{what}</b>
      <span className="block text-xs text-soft">{todo}</span>
      <span className="block text-xs md:hidden">
        <About task={task} />
      </span>
      {task.recallId !== null && (
        <Link to="/recalls/$recall" params={{ recall: task.recallId }} className="link text-xs">
          The recall
        </Link>
      )}
      {(task.messageId !== null || task.settledAt !== null) && <Words task={task} />}
    </>
  );
}

/** What the patient answered, and what was noted: opened only for whoever wants to read it. */
function Words({ task }: { task: Task }) {
  const [isOpen, setOpen] = useState(false);
  const detail = useQuery({ ...taskQuery(task.id), enabled: isOpen });
  return (
    <details className="text-xs print:hidden" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="cursor-pointer text-soft">What was said</summary>
      {isOpen && (
        <Loaded query={detail} lines={1}>
          {({ replies, notes }) => (
            <ul className="mt-1 space-y-1 font-normal">
              {replies.length + notes.length === 0 && <li className="text-soft">Nothing.</li>}
              {replies.map(({ at, meaning, text }) => (
                <li key={`${at} ${meaning}`}>
                  {formatInstant(at)}, the patient: {text === null ? words(meaning) : `“${text}”`}
                </li>
              ))}
              {notes.map(({ at, by, note }) => (
                <li key={`${at} note`}>
                  {formatInstant(at)}, <Actor by={by} />: {note === null ? <em>erased</em> : `“${note}”`}
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      )}
    </details>
  );
}

function About({ task: { patient, course } }: { task: Task }) {
  if (patient === null) return <span className="text-faint">Several patients</span>;
  return (
    <>
      <span className="block">
        <PatientLink patient={patient} row />
      </span>
      {course && <CourseLink course={course} />}
    </>
  );
}

function Actor({ by: { practitioner, actor } }: { by: TaskActor }) {
  return practitioner ? <PersonName person={practitioner} /> : <>{actor.replace(/^user:/, '')}</>;
}

function Who({ task }: { task: Task }) {
  const { state, by, outcome, withdrawnFor } = task;
  if (state === 'withdrawn')
    return <span className="text-faint">Withdrawn: {words(withdrawnFor ?? '').toLowerCase()}</span>;
  if (state === 'done') {
    return (
      <>
        <span className="text-sage">{words(outcome ?? '')}</span>
        {by && (
          <span className="block text-xs text-faint">
            <Actor by={by} />
          </span>
        )}
      </>
    );
  }
  return (
    <>
      <span className="mb-1 block">{by ? <Actor by={by} /> : <span className="text-faint">nobody yet</span>}</span>
      <span className="flex flex-wrap gap-1.5 print:hidden">
        {by === null && <Take task={task} />}
        <Finish task={task} />
      </span>
    </>
  );
}

function Take({ task }: { task: Task }) {
  const queries = useQueryClient();
  const take = useMutation({
    mutationFn: () => takeTask(task.id, false),
    onSettled: () => void queries.invalidateQueries(),
  });
  return (
    <>
      <button type="button" className="button" disabled={take.isPending} onClick={() => take.mutate()}>
        Take <span className="sr-only">{nameOf(task)}</span>
      </button>
      {take.isError && <ProblemPanel error={take.error} />}
    </>
  );
}

function Finish({ task }: { task: Task }) {
  const [outcome, note] = [useId(), useId()];
  return (
    <Confirm
      button={
        <>
          Done <span className="sr-only">{nameOf(task)}</span>
        </>
      }
      title={taskText(task.kind).what}
      confirm="It is done"
      onConfirm={(form) => finishTask(task.id, formText(form, 'outcome'), formText(form, 'note'))}
    >
      <p>
        <label htmlFor={outcome} className="block font-semibold">
          What came of it
        </label>
        <select id={outcome} name="outcome" required defaultValue="" className="field">
          <option value="" disabled>
            Choose
          </option>
          {TASK_OUTCOMES.map((code) => (
            <option key={code} value={code}>
              {words(code)}
            </option>
          ))}
        </select>
      </p>
      {task.patient !== null && (
        <p>
          <label htmlFor={note} className="block font-semibold">
            What is to be known about it
          </label>
          <textarea id={note} name="note" rows={3} maxLength={4_000} className="field min-h-20 w-full" />
        </p>
      )}
    </Confirm>
  );
}

const nameOf = ({ kind, patient }: Task): string => `${taskText(kind).what} ${patient?.name ?? ''}`.trim();
