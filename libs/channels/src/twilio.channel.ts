import type { Chain } from '#libs/event-store/src/chains.js';
import type { Channel, OutgoingMessage, SendResult } from '#libs/messaging/src/channel.contract.js';
import { post } from './http-post.js';
import { receiptPath } from './twilio.form.js';
import { twilioResult } from './twilio.problem.js';

export interface TwilioSettings {
  readonly accountSid: string;
  readonly authToken: string;
  readonly sender: { readonly from: string } | { readonly messagingServiceSid: string };
  readonly apiUrl: string;
}

const SEND_MS_MAX = 10_000;
/** The resource that a new message answers is some 1 kB. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** SMS by Twilio's Messages resource, which deduplicates nothing: what got no answer is told by the receipt, if at all. */
export class TwilioChannel implements Channel {
  readonly transport = 'twilio';
  readonly deduplicatesForMs = 0;

  /** @param publicUrl where Twilio can send receipts to; without it none are asked for */
  constructor(
    private readonly settings: TwilioSettings,
    private readonly publicUrl: string | undefined,
    private readonly sendMsMax: number = SEND_MS_MAX,
  ) {}

  async send(_chain: Chain, message: OutgoingMessage): Promise<SendResult> {
    const { accountSid, authToken, sender, apiUrl } = this.settings;
    const form = new URLSearchParams({
      To: message.to,
      ...('from' in sender ? { From: sender.from } : { MessagingServiceSid: sender.messagingServiceSid }),
      Body: message.body,
      ...(this.publicUrl !== undefined && { StatusCallback: `${this.publicUrl}${receiptPath(message.messageId)}` }),
    });
    const outcome = await post({
      url: new URL(`${apiUrl}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`),
      headers: {
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: form.toString(),
      signal: AbortSignal.timeout(this.sendMsMax),
      answerBytesMax: ANSWER_BYTES_MAX,
    });
    return twilioResult(outcome, Date.now());
  }
}
