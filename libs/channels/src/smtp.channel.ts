import type { Readable } from 'node:stream';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Channel, OutgoingMessage, SendResult } from '#libs/messaging/src/channel.contract.js';
import { domainOf, mailAddress } from './mail-address.js';
import { mailOf, messageIdOf } from './mail-content.js';
import { type SmtpFailure, smtpResult } from './smtp.problem.js';

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (`smtps`). */
  readonly secure: boolean;
  /** Whether a session without TLS is given up. */
  readonly requireTls: boolean;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Address that messages come from. */
  readonly from: string;
}

export interface SmtpLimits {
  /** From DNS to the end of STARTTLS. */
  readonly connectMsMax: number;
  /** Silence of the server. */
  readonly silenceMsMax: number;
  /** From the call to the result, waiting for a free connection included. */
  readonly sendMsMax: number;
}

/** A dispatcher gives up a call after 30 s, and must hear of the outcome before. */
const LIMITS: SmtpLimits = { connectMsMax: 8_000, silenceMsMax: 10_000, sendMsMax: 20_000 };
/** What relays allow to one client at a time. */
const CONNECTIONS_MAX = 5;
/** Relays close idle sessions after 10 s to 5 min: one that is closed under a message costs that an attempt. */
const IDLE_MS_MAX = 8_000;
const CLOSE_MS_MAX = 1_000;

/** E-mail by SMTP. It deduplicates nothing: what got no answer stays unknown. */
export class SmtpChannel implements Channel {
  readonly transport = 'smtp';
  readonly deduplicatesForMs = 0;

  private pool: Promise<Pool> | undefined;
  private readonly departures = new WeakMap<AbortSignal, Departure>();

  /** @param ca certificate to trust in place of those of the machine, for tests */
  constructor(
    private readonly settings: SmtpSettings,
    private readonly limits: SmtpLimits = LIMITS,
    private readonly ca?: string,
  ) {}

  async send(_chain: Chain, message: OutgoingMessage): Promise<SendResult> {
    const { from } = this.settings;
    const to = mailAddress(message.to);
    if (to === null) return { kind: 'rejected', problem: 'the address is no e-mail address' };
    this.pool ??= this.open();
    const pool = await this.pool;
    const departure = new Departure();
    const signal = AbortSignal.timeout(this.limits.sendMsMax);
    this.departures.set(signal, departure);
    try {
      await pool.sendMail({ ...mailOf(message, from, to), signal });
      return { kind: 'accepted', reference: messageIdOf(message.idempotencyKey, from) };
    } catch (error) {
      return smtpResult(error as SmtpFailure, departure.begun);
    }
  }

  async close(): Promise<void> {
    const pool = await this.pool;
    pool?.close();
  }

  /** nodemailer is loaded with the first message: a process that sends none does without. */
  private async open() {
    const { createTransport } = await import('nodemailer');
    const { host, port, secure, requireTls, user, password, from } = this.settings;
    const { connectMsMax, silenceMsMax } = this.limits;
    const pool = createTransport({
      pool: true,
      host,
      port,
      secure,
      requireTLS: requireTls && !secure,
      ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
      ...(this.ca !== undefined && { tls: { ca: this.ca } }),
      name: domainOf(from),
      dnsTimeout: connectMsMax,
      connectionTimeout: connectMsMax,
      greetingTimeout: connectMsMax,
      socketTimeout: silenceMsMax,
      socketCloseTimeout: CLOSE_MS_MAX,
      maxConnections: CONNECTIONS_MAX,
      idleTimeout: IDLE_MS_MAX,
      // The pool would send again by itself what it was sending when a connection closed. Only the dispatcher does that.
      maxRequeues: 0,
    });
    pool.use('stream', (mail, done) => {
      const departure = this.departures.get(mail.data.signal as AbortSignal);
      const { message } = mail;
      const read = message.createReadStream.bind(message);
      message.createReadStream = (options) => {
        const stream = read(options);
        departure?.watch(stream);
        return stream;
      };
      done();
    });
    return pool;
  }
}

type Pool = Awaited<ReturnType<SmtpChannel['open']>>;

/** Whether any of a message has been taken for the server, which happens when that has asked for it (DATA, 354). */
class Departure {
  private stream: Readable | undefined;

  watch(stream: Readable): void {
    this.stream = stream;
  }

  get begun(): boolean {
    return this.stream?.readableDidRead === true;
  }
}
