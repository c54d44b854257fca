import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import { SCOPE_KINDS, type ScopeKind } from '../../libs/http/src/access.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import { CourseHistory, patient, practitioner, site } from './treatment-history.js';
import type { StreamOfEvents } from './test-engine.js';

const AT = occurredNow('2026-01-02T00:00:00.000Z');

/** One thing of each kind that belongs to a site, and what must be appended for them. */
export interface SiteWorld {
  readonly ids: Readonly<Record<ScopeKind, string>>;
  readonly streams: readonly StreamOfEvents[];
}

/** A site with a patient, a course, and whatever else can be asked for there. */
export function siteWorld(): SiteWorld {
  const ids = Object.fromEntries(SCOPE_KINDS.map((kind) => [kind, newId()])) as Record<ScopeKind, string>;
  const physician = newId();
  const history = new CourseHistory(
    { site: ids.site, patient: ids.patient, practitioner: physician },
    { id: ids.course },
  );
  ids.consultation = history.consultationId;
  const of = { siteId: ids.site, patientId: ids.patient, courseId: ids.course };
  const [registered, opener] = [patient(ids.patient), newId()];
  const reported = sampled('treatment/src/adverse-event', 'AdverseEventReported', {
    ...{ ...of, adverseEventId: ids.adverseEvent, ownerId: physician },
  });
  return {
    ids,
    streams: [
      site(ids.site),
      practitioner({ id: physician }),
      { ...registered, events: [...registered.events, reported] },
      ...history.streams(),
      one(`lot-${ids.lot}`, sampled('treatment/src/lot', 'LotReceived', { lotId: ids.lot, siteId: ids.site })),
      one(
        `message-${ids.message}`,
        sampled('messaging/src/message', 'MessagePlanned', { ...of, messageId: ids.message }),
      ),
      one(`task-${ids.task}`, sampled('tasks/src/task', 'TaskRaised', { ...of, taskId: ids.task })),
      one(
        `user-${opener}`,
        sampled('access/src/user', 'GlassBroken', {
          ...{ userId: opener, openingId: ids.opening, patientId: ids.patient, siteIds: [ids.site] },
        }),
      ),
      one(`slot-${ids.slot}`, sampled('booking/src/slot', 'SlotHeld', { ...of, slotId: ids.slot })),
    ],
  };
}

const one = (stream: string, event: NewEvent): StreamOfEvents => ({ stream, events: [event] });

/** The frozen sample of the newest version of a type, about somebody else. */
function sampled(slice: string, type: string, about: object): NewEvent {
  for (let version = 9; version > 0; version -= 1) {
    const file = join(__dirname, '..', '..', 'libs', slice, 'samples', `${type}.v${version}.json`);
    const text = readIfThere(file);
    if (text === undefined) continue;
    const data = JSON.parse(text) as Record<string, unknown>;
    const known = Object.entries(about).filter(([name]) => name in data);
    return { type, occurredAt: AT, data: { ...data, ...Object.fromEntries(known) } };
  }
  throw new Error(`There is no sample of ${type}`);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
