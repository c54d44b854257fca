import { ERASED } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { correctionViews } from './correction.views.js';
import { changes } from './entry-history.js';

const occurredAt = occurredNow('2026-01-01T10:00:00.000Z');

const event = (id: string, data: object): RecordedEvent => ({
  chain: '',
  position: 1,
  stream: 'course',
  revision: 0,
  recordedAt: '2026-01-02T10:00:00.000Z',
  header: { id, type: 'X', version: 1, occurredAt, actor: 'user:a', origin: 'live', commandId: '' },
  occurredAt,
  type: 'X',
  data,
});

it('[correction.both-shown] shows nothing of a person who was erased, and that there was a correction', () => {
  const entered = event('entry', { depthMm: 2, notes: ERASED });
  const correction = event('correction', { depthMm: 3, corrects: 'entry', correctionReason: ERASED });
  const changed = changes(entered, correction);
  const views = correctionViews({
    entered,
    reads: entered,
    corrections: [{ event: correction, changed, retraction: undefined }],
    retraction: undefined,
  });
  expect(views).toEqual([
    {
      eventId: 'correction',
      recordedAt: '2026-01-02T10:00:00.000Z',
      actor: 'user:a',
      reason: null,
      changed: [
        { field: 'depthMm', before: 2, after: 3 },
        { field: 'notes', before: null, after: null },
      ],
      retracted: null,
    },
  ]);
});
