import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { AppendContext, EventStore } from '#libs/event-store/src/event-store.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { ERASED, type Erased } from '#libs/event-store/src/personal-data.js';
import type { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { CourseCompleted, CourseStopped, courseStream } from '#libs/treatment/src/history.contract.js';
import type { ImportLines, PendingCourseEnd } from './import-lines.js';

/** As many as the lines of a batch, for the same reason. */
const BATCH_COURSES = 250;
/** Before all ids. */
const NIL = '00000000-0000-0000-0000-000000000000';

/**
 * Appends the ends of courses. It comes after all sessions: the files give the end no date of its own, so it takes that
 * of the course's last performed session (of the consultation, where none was performed).
 */
export async function appendCourseEnds(
  engine: { readonly boxes: Boxes; readonly keys: SubjectKeys; readonly store: EventStore },
  run: {
    readonly chain: Chain;
    readonly lines: ImportLines;
    readonly context: AppendContext;
    readonly goOn: () => void;
  },
): Promise<void> {
  const { chain, lines, context, goOn } = run;
  let after = NIL;
  for (;;) {
    goOn();
    const ends = await lines.pendingCourseEnds(after, BATCH_COURSES);
    const last = ends.at(-1);
    if (!last) return;
    await engine.keys.findOrCreate(
      chain,
      ends.map(({ patientId }) => ({ subject: patientId, class: 'clinical' as const })),
    );
    const reasons = await reasonsOf(engine.boxes, chain, ends);
    await Promise.all(
      ends.map((end, n) =>
        engine.store.append({
          chain: chain.id,
          commandId: derivedId(end.courseId, 'import end'),
          streams: [
            {
              stream: courseStream(end.courseId),
              expectedRevision: 'exists',
              events: [endOf(end, reasons[n] as string | Erased)],
            },
          ],
          context: { ...context, site: end.siteId },
        }),
      ),
    );
    await lines.dropCourseEnds(after, last.courseId);
    after = last.courseId;
  }
}

/** In words; a reason whose box could not be closed, or opens no more, belongs to an erased person. */
async function reasonsOf(boxes: Boxes, chain: Chain, ends: readonly PendingCourseEnd[]): Promise<(string | Erased)[]> {
  const sealed = ends.flatMap(({ reason }) => reason ?? []);
  const opened = await boxes.open<string>(chain, sealed);
  let next = 0;
  return ends.map(({ reason }) => (reason === null ? ERASED : (opened[next++] as string | Erased)));
}

function endOf(end: PendingCourseEnd, reason: string | Erased): NewEvent {
  const when = occurredAt(end.lastSessionAt ?? end.consultedAt, 'derived');
  const ids = { courseId: end.courseId, patientId: end.patientId };
  return end.status === 'completed' ? CourseCompleted(when, ids) : CourseStopped(when, { ...ids, reason });
}
