import { occurredNow } from '#libs/kernel/src/occurred.js';
import { messageMatter } from '#test/support/message-matter.js';
import { zoned } from '#test/support/treatment-history.js';
import { MessageAttempted, type MessageEvent, MessageRefused, MessageSent } from '../message/message.events.js';
import { evolveRow, plannedRow } from './message-row.js';

const { planned } = messageMatter('session-reminder');
const { messageId } = planned;
const at = occurredNow('2026-05-12T12:00:00.000Z');
const retryAt = zoned('2026-05-12T15:01');

const by = { transport: 'smtp', channel: 'email' } as const;
const written = { language: 'en', templateHash: '0'.repeat(64), idempotencyKey: 'key' };
const attempted = (attempt: number) => MessageAttempted(at, { messageId, attempt, ...by, ...written });
const refused = MessageRefused(at, { messageId, attempt: 1, problem: '451 at RCPT TO', retryAt });
const sent = MessageSent(at, { messageId, attempt: 2, ...by, providerReference: 'ref' });

const rowAfter = (...events: Exclude<MessageEvent, { type: 'MessagePlanned' }>[]) =>
  events.reduce((row, event) => evolveRow(row, event, at.instant), plannedRow(1, planned));

describe('the row of a message', () => {
  it('says why a provider did not take it, and when it is tried again', () => {
    expect(rowAfter(attempted(1), refused)).toMatchObject({
      ...{ status: 'pending', reason: '451 at RCPT TO' },
      ...{ next_due: retryAt.instant, deferrals: 1 },
    });
  });

  it('says nothing of that any more once it was sent', () => {
    expect(rowAfter(attempted(1), refused, attempted(2), sent)).toMatchObject({ status: 'sent', reason: null });
  });
});
