import type { MessageCount } from '../api/messages.js';
import { kindsOf } from './counts.js';

const counts: MessageCount[] = [
  { kind: 'aftercare', status: 'pending', messages: 2 },
  { kind: 'check-in', status: 'pending', messages: 7 },
  { kind: 'check-in', status: 'sent', messages: 90 },
];

describe('the kinds that can be chosen', () => {
  it('are those of the status that is shown, most messages first', () => {
    expect(kindsOf(counts, 'pending', undefined)).toEqual([
      { kind: 'check-in', messages: 7 },
      { kind: 'aftercare', messages: 2 },
    ]);
  });

  it('keep the chosen one, which a select could not show otherwise', () => {
    expect(kindsOf(counts, 'sent', 'aftercare')).toEqual([
      { kind: 'check-in', messages: 90 },
      { kind: 'aftercare', messages: 0 },
    ]);
  });
});
