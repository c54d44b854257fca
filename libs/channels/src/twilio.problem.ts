import type { SendResult } from '#libs/messaging/src/channel.contract.js';
import type { PostOutcome } from './http-post.js';
import { retryAfterMs } from './retry-after.js';

/** What we say for an error of Twilio's API, whose own messages quote the number (twilio.com/docs/api/errors). */
const RECIPIENT: Readonly<Record<number, string>> = {
  21211: 'the number is not valid',
  21214: 'the number cannot be reached',
  21217: 'the number is not valid',
  21265: 'the number cannot be a short code',
  21266: 'the number is our own',
  21610: 'the recipient has opted out at the provider',
  21612: 'the number cannot be reached from ours',
  21614: 'the number takes no SMS',
  21617: 'the text is too long',
};

/** Of the account: every message would get the same, and none is to blame. */
const OPERATOR: Readonly<Record<number, string>> = {
  10001: 'the account is not active',
  20003: 'the account or its token is not accepted',
  20005: 'the account is not active',
  20404: 'the account is not known',
  21212: 'TWILIO_FROM is not valid',
  21408: 'the account may not send to this country',
  21603: 'the sender is missing',
  21606: 'TWILIO_FROM cannot send SMS',
  21608: 'a trial account sends to verified numbers only',
  21609: 'PISTOR_PUBLIC_URL cannot be reached for receipts',
  21659: 'TWILIO_FROM is not of this account',
  21660: 'TWILIO_FROM is not of this account',
  21701: 'TWILIO_MESSAGING_SERVICE_SID is not known',
  21703: 'the messaging service has no sender',
  21704: 'the messaging service has no number',
  21705: 'TWILIO_MESSAGING_SERVICE_SID is not valid',
  30002: 'the account is suspended',
};

/** The queue of our number is full. */
const QUEUE_FULL = 21611;

/** What Twilio's answer to a new message, or the lack of one, means for that. */
export function twilioResult(outcome: PostOutcome, nowMs: number): SendResult {
  if (outcome.kind === 'not-sent') return refused(`Twilio was not reached (${outcome.problem})`);
  if (outcome.kind === 'no-answer') return unknown(`Twilio gave no answer (${outcome.problem})`);
  const { status, body } = outcome;
  const answer = objectOf(body);
  if (status >= 200 && status < 300) {
    const { sid } = answer;
    if (typeof sid === 'string' && SID.test(sid)) return { kind: 'accepted', reference: sid };
    return unknown(`Twilio answered ${status} without the id of a message`);
  }
  if (status < 400 || status >= 500) return unknown(`Twilio answered ${status}`);
  const code = typeof answer['code'] === 'number' ? answer['code'] : undefined;
  const said = `Twilio answered ${status}${code === undefined ? '' : `, error ${code}`}`;
  if (status === 429 || code === QUEUE_FULL) {
    return refused(`${said}: too many messages at a time`, retryAfterMs(outcome.headers['retry-after'], nowMs));
  }
  const operator = code === undefined ? undefined : OPERATOR[code];
  if (operator !== undefined) return refused(`${said}: ${operator}; mend the account or its settings`);
  if (UNAUTHORIZED.has(status)) return refused(`${said}: mend TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN`);
  const recipient = code === undefined ? undefined : RECIPIENT[code];
  return { kind: 'rejected', problem: recipient === undefined ? said : `${said}: ${recipient}` };
}

const UNAUTHORIZED = new Set([401, 403, 404]);
/** Ids of messages, as they may stand in an event. */
export const SID = /^(?:SM|MM)[0-9a-f]{32}$/i;

const refused = (problem: string, afterMs?: number): SendResult => ({
  kind: 'refused',
  problem,
  ...(afterMs !== undefined && { retryAfterMs: afterMs }),
});
const unknown = (problem: string): SendResult => ({ kind: 'unknown', problem });

function objectOf(body: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
