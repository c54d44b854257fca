import { createHash } from 'node:crypto';
import type { SendMailOptions } from 'nodemailer';
import type { OutgoingMessage } from '#libs/messaging/src/channel.contract.js';
import { headerText } from './header-text.js';
import { domainOf } from './mail-address.js';

/**
 * The Message-ID of every attempt of a message, without angle brackets: mailboxes that see the same one twice show it
 * once, and whoever looks through a mail server's log finds the message by it.
 */
export function messageIdOf(idempotencyKey: string, from: string): string {
  return `${createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 40)}@${domainOf(from)}`;
}

/**
 * What nodemailer is to send. Headers are read by many on the way: they hold sender, subject, and nothing that says
 * what the message is about.
 *
 * @param from our address, and `to` the recipient's, as `mailAddress` gives them
 */
export function mailOf(message: OutgoingMessage, from: string, to: string): SendMailOptions {
  const { sender, subject, body, html, calendar } = message;
  return {
    // Said beside the headers, so that nothing that is read from these can name another recipient.
    envelope: { from, to: [to] },
    from: { name: headerText(sender), address: from },
    to: { name: '', address: to },
    subject: headerText(subject ?? sender),
    messageId: `<${messageIdOf(message.idempotencyKey, from)}>`,
    headers: { ...automatic(message.language), ...unsubscribe(message.unsubscribeUrl) },
    text: body,
    ...(html !== null && { html }),
    // As a part beside the text, with its method, for Outlook and Gmail; as a file, too, for those that know no other.
    ...(calendar !== null && {
      icalEvent: { method: calendar.method, content: calendar.text, filename: 'appointment.ics' },
    }),
    // Texts are texts, never the name of a file or an address to fetch them from.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

const LANGUAGE = /^[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$/;

/** Keeps holiday notes from answering (RFC 3834; the second is what Exchange goes by). */
const automatic = (language: string) => ({
  'Auto-Submitted': 'auto-generated',
  'X-Auto-Response-Suppress': 'OOF, AutoReply',
  ...(LANGUAGE.test(language) && { 'Content-Language': language }),
});

/** RFC 2369; one click (RFC 8058) takes an address under https. */
function unsubscribe(url: string | null) {
  if (url === null) return {};
  const { href, protocol } = new URL(url);
  return {
    // A URL's href has no blanks, brackets or control characters; folding would put blanks into it.
    'List-Unsubscribe': { prepared: true, value: `<${href}>` },
    ...(protocol === 'https:' && { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }),
  };
}
