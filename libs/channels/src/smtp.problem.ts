import type { SendResult } from '#libs/messaging/src/channel.contract.js';

/** What of an error of nodemailer is looked at. Messages and replies quote addresses, so they are never passed on. */
export interface SmtpFailure {
  /** Of nodemailer: `ECONNECTION`, `ETIMEDOUT`, `EAUTH`, `EENVELOPE`, `EMESSAGE` … */
  readonly code?: string;
  /** Of the system, where nodemailer has put its own in its place: `ECONNREFUSED`, `CERT_HAS_EXPIRED` … */
  readonly originalCode?: string;
  /** The step: `CONN`, `EHLO`, `STARTTLS`, `AUTH …`, `MAIL FROM`, `RCPT TO`, `DATA`, `API` (before any). */
  readonly command?: string;
  /** The three digits that the server answered. */
  readonly responseCode?: number;
  readonly response?: string;
}

/** Authentication (RFC 4954) and encryption that the server demands. */
const LOCKED_OUT = new Set([454, 530, 534, 535, 538]);
/** `Bad sequence of commands` is about the session and not about the message. */
const SESSION_LOST = 503;
const TOO_LARGE = 552;

/**
 * What a failure means for the message. The server's answer decides where there is one: what it answered with 4xx or 5xx
 * it has not taken. Without an answer it is unknown from the first byte of the message on.
 *
 * @param left whether any of the message may have gone to the server
 */
export function smtpResult(failure: SmtpFailure, left: boolean): SendResult {
  const { code, command = '', responseCode: reply } = failure;
  if (code === 'EAUTH' || (reply !== undefined && LOCKED_OUT.has(reply))) {
    return refused(`the SMTP server does not let us in${answered(failure)}: mend user and password in SMTP_URL`);
  }
  if (reply !== undefined && reply >= 400) {
    if (reply < 500 || reply === SESSION_LOST) return refused(`the SMTP server put it off${answered(failure)}`);
    // Before the recipient was named, the answer is about us: every other message would get the same.
    const isOurs = command !== 'RCPT TO' && command !== 'DATA' && reply !== TOO_LARGE && !left;
    if (isOurs) return refused(`the SMTP server does not want mail from us${answered(failure)}: mend its settings`);
    return { kind: 'rejected', problem: `the SMTP server refused it${answered(failure)}` };
  }
  if (left) return { kind: 'unknown', problem: `the SMTP server gave no answer to the message${named(failure)}` };
  if (code === 'EMESSAGE') return { kind: 'rejected', problem: 'the SMTP server takes no message of this size' };
  if (code === 'EENVELOPE') return { kind: 'rejected', problem: 'the address is none that SMTP can name' };
  return refused(`no session with the SMTP server${named(failure)}`);
}

const refused = (problem: string): SendResult => ({ kind: 'refused', problem });

/** ` (550 5.1.1 at RCPT TO)` */
function answered({ responseCode, response = '', command }: SmtpFailure): string {
  const status = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
  const codes = [responseCode, status].filter((each) => each !== undefined).join(' ');
  return codes === '' ? '' : ` (${codes}${command === undefined ? '' : ` at ${command}`})`;
}

/** ` (ESOCKET, ECONNREFUSED)` */
function named({ code, originalCode }: SmtpFailure): string {
  const codes = [code, originalCode].filter((each) => each !== undefined);
  return codes.length === 0 ? '' : ` (${codes.join(', ')})`;
}
