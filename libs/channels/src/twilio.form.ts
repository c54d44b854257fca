import type { Id } from '#libs/kernel/src/ids.js';
import type { Receipt } from '#libs/messaging/src/channel.contract.js';
import type { InboundReply } from './inbound.port.js';
import { SID } from './twilio.problem.js';

/** Where receipts of a message come in, below the public address. */
export const receiptPath = (messageId: Id): string => `/v1/channels/sms/receipts/${messageId}`;
/** Where replies come in: to be entered at the number or the messaging service, in Twilio's console. */
export const REPLIES_PATH = '/v1/channels/sms/replies';

const STATUSES: ReadonlyMap<string, Receipt['status']> = new Map(
  Object.entries({
    accepted: 'accepted' as const,
    scheduled: 'accepted' as const,
    queued: 'accepted' as const,
    sending: 'accepted' as const,
    sent: 'accepted' as const,
    delivered: 'delivered' as const,
    read: 'delivered' as const,
    undelivered: 'undelivered' as const,
    failed: 'undelivered' as const,
    canceled: 'undelivered' as const,
  }),
);

/** @returns what a status callback says; null where it says nothing that is known here */
export function receiptOf(messageId: Id, form: URLSearchParams): Receipt | null {
  const reference = form.get('MessageSid') ?? '';
  const status = STATUSES.get(form.get('MessageStatus') ?? '');
  if (status === undefined || !SID.test(reference)) return null;
  const by = { transport: 'twilio', channel: 'sms' } as const;
  if (status !== 'undelivered') return { messageId, reference, status, by };
  return { messageId, reference, status, by, problem: undelivered(form.get('ErrorCode') ?? '') };
}

/** Twilio's errors of delivery that a front desk can do something about. */
const UNDELIVERED: Readonly<Record<string, string>> = {
  30003: 'the phone was off or out of reach',
  30004: 'the recipient or the network blocks it',
  30005: 'the number is not in use',
  30006: 'the number is a landline, or its network cannot be reached',
  30007: 'the network took it for spam',
};

function undelivered(code: string): string {
  if (!/^\d{1,6}$/.test(code)) return 'Twilio did not deliver it';
  const said = UNDELIVERED[code];
  return `Twilio did not deliver it, error ${code}${said === undefined ? '' : `: ${said}`}`;
}

/** More than ten parts, which no phone sends as one. */
const TEXT_CHARS_MAX = 1_600;

/** @returns what an incoming message says; null where it is none */
export function replyOf(form: URLSearchParams): InboundReply | null {
  const [from, to, reference] = [form.get('From'), form.get('To'), form.get('MessageSid')];
  if (!from || !to || reference === null || !SID.test(reference)) return null;
  const optOut = OPT_OUTS.get(form.get('OptOutType') ?? '');
  const text = (form.get('Body') ?? '').replace(/\0|\p{Surrogate}/gu, '\uFFFD').slice(0, TEXT_CHARS_MAX);
  return { from, to, text, reference, ...(optOut !== undefined && { optOut }) };
}

const OPT_OUTS: ReadonlyMap<string, 'stop' | 'start'> = new Map([
  ['STOP', 'stop'],
  ['START', 'start'],
]);
