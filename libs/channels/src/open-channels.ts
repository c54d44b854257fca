import type { Channel, Transport } from '#libs/messaging/src/channel.contract.js';
import type { Log } from '#libs/kernel/src/log.js';
import type { ChannelsConfiguration } from './channels.configuration.js';
import { SmtpChannel } from './smtp.channel.js';
import { TwilioChannel } from './twilio.channel.js';
import { TwilioCalls } from './twilio.signature.js';
import { WebhookChannel } from './webhook.channel.js';

export interface OpenChannels {
  /** Left out where e-mail stays in the outbox. */
  readonly email?: Channel;
  /** Left out where SMS stay in the outbox. */
  readonly sms?: Channel;
  /** Messages a second, by provider. */
  readonly rates: Readonly<Record<Exclude<Transport, 'outbox'>, number>>;
}

/**
 * The channels that are configured. Nothing is connected or loaded before the first message. A webhook takes what no
 * other provider takes.
 */
export function openChannels(configuration: ChannelsConfiguration, log: Log): OpenChannels {
  const { smtp, twilio, webhook, publicUrl, rates } = configuration;
  const endpoint = webhook && new WebhookChannel(webhook);
  const email = smtp ? new SmtpChannel(smtp) : endpoint;
  const sms = twilio ? new TwilioChannel(twilio, publicUrl) : endpoint;
  const facts = { email: email?.transport ?? 'outbox', sms: sms?.transport ?? 'outbox' };
  log.info(facts, 'channels that carry messages');
  if (twilio && publicUrl === undefined) {
    log.warn(
      { missing: 'PISTOR_PUBLIC_URL' },
      'without a public address no receipts and replies come back from Twilio',
    );
  }
  if (endpoint && smtp && twilio) {
    log.warn(
      { unused: 'MESSAGE_WEBHOOK_URL' },
      'the webhook takes nothing: e-mail and SMS have providers of their own',
    );
  }
  return { ...(email && { email }), ...(sms && { sms }), rates };
}

/** What checks the calls of Twilio; null where SMS does not go by Twilio, or there is no address that it could call. */
export function twilioCalls({ twilio, publicUrl }: ChannelsConfiguration): TwilioCalls | null {
  return twilio && publicUrl !== undefined ? new TwilioCalls(twilio.authToken, publicUrl) : null;
}
