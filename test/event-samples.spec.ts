import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventType } from '#libs/event-store/src/event-type.js';
import { ACCESS_EVENT_TYPES } from '#libs/access/src/access.event-types.js';
import { BOOKING_EVENT_TYPES } from '#libs/booking/src/booking.event-types.js';
import { MESSAGING_EVENT_TYPES } from '#libs/messaging/src/messaging.event-types.js';
import { SIGNATURE_EVENT_TYPES } from '#libs/signature/src/signature.event-types.js';
import { ERASURE_EVENT_TYPES } from '#libs/erasure/src/erasure.event-types.js';
import { TASKS_EVENT_TYPES } from '#libs/tasks/src/tasks.event-types.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';

/**
 * Events are never migrated: what was written under any version must be read for ever. One frozen sample for each type
 * and version stands beside its slice; a change of a schema that no longer reads it needs a new version and an upcaster.
 */
const FOLDERS = [
  'site',
  'practitioner',
  'patient',
  'contact',
  'adverse-event',
  'lot',
  'recall',
  'protocol',
  'consultation',
  'course',
]
  .map((slice) => join('libs/treatment/src', slice))
  .concat(
    'libs/messaging/src/message',
    'libs/messaging/src/templates/custom',
    'libs/tasks/src/task',
    'libs/erasure/src/case',
    'libs/signature/src',
    'libs/booking/src/slot',
    'libs/booking/src/diary',
    'libs/access/src/user',
    'libs/access/src/api-key',
  )
  .map((slice) => join(__dirname, '..', slice, 'samples'));

const TYPES: readonly EventType[] = [
  ...TREATMENT_EVENT_TYPES,
  ...MESSAGING_EVENT_TYPES,
  ...BOOKING_EVENT_TYPES,
  ...TASKS_EVENT_TYPES,
  ...ERASURE_EVENT_TYPES,
  ...SIGNATURE_EVENT_TYPES,
  ...ACCESS_EVENT_TYPES,
];

const versions = TYPES.flatMap((type) =>
  Array.from({ length: type.version }, (_, n) => [type.type, n + 1, type] as const),
);

describe('a stored event', () => {
  it.each(versions)('%s of version %i is read by this version of the software', (name, version, type) => {
    const file = FOLDERS.map((folder) => join(folder, `${name}.v${version}.json`)).find(existsSync);
    if (file === undefined) throw new Error(`There is no frozen sample ${name}.v${version}.json beside its slice`);
    const sample = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const lifted = type.upcasters.slice(version - 1).reduce((data, upcast) => upcast(data), sample);
    const read = type.schema.parse(lifted);
    // Nothing of it is lost or changed on the way in.
    if (version === type.version) expect(read).toEqual(sample);
  });
});
