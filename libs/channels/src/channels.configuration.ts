import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type ErrorField, Invalid } from '#libs/kernel/src/errors.js';
import { mailAddress } from './mail-address.js';
import type { SmtpSettings } from './smtp.channel.js';
import type { TwilioSettings } from './twilio.channel.js';
import type { WebhookSettings } from './webhook.channel.js';

/** Who carries messages out of the house; what is not configured stays in the outbox. */
export interface ChannelsConfiguration {
  /** Where people and providers reach us, without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly smtp: SmtpSettings | undefined;
  readonly twilio: TwilioSettings | undefined;
  readonly webhook: WebhookSettings | undefined;
  readonly rates: ChannelRates;
  /** A sandbox calls providers, too; by default its messages stay in the outbox. */
  readonly sandboxSends: boolean;
}

/** Messages a second that a provider is given, by all processes together. */
export interface ChannelRates {
  readonly smtp: number;
  readonly twilio: number;
  readonly webhook: number;
}

/** What the smallest plans of relays and of Twilio's senders take; Twilio queues above one a second and number. */
const RATE_DEFAULTS: ChannelRates = { smtp: 10, twilio: 10, webhook: 50 };
const RATE_MAX = 1_000;

/** Nothing leaves the house: what a process does whose environment names no provider. */
export const OUTBOX_ONLY: ChannelsConfiguration = {
  ...{ publicUrl: undefined, smtp: undefined, twilio: undefined, webhook: undefined },
  rates: RATE_DEFAULTS,
  sandboxSends: false,
};

/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

const TWILIO_API = 'https://api.twilio.com';

// An empty value means the same as none: compose files and shells set variables that way.
const optional = z
  .string()
  .optional()
  .transform((value) => (value?.trim() === '' ? undefined : value?.trim()));

const text = (fits: (value: string) => boolean, expected: string) =>
  optional.pipe(z.string().refine(fits, expected).optional());

const rate = (otherwise: number) =>
  optional
    .transform((value) => (value === undefined ? otherwise : Number(value)))
    .pipe(z.number('a number of messages a second').positive().max(RATE_MAX));

const E164_OR_NAME = /^(?:\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/;

const environmentSchema = z.object({
  PISTOR_PUBLIC_URL: text(isPublicUrl, 'an address such as https://pistor.example.com, without query'),
  PISTOR_SANDBOX_SENDS: optional.pipe(z.enum(['true', 'false']).default('false')),
  SMTP_URL: text(
    (url) => smtpOf(url) !== null,
    'smtp://user:password@host:port, or smtps://…, with tls=optional at most',
  ),
  MAIL_FROM: text((from) => mailAddress(from) !== null, 'an address such as reminders@example.com'),
  SMTP_RATE: rate(RATE_DEFAULTS.smtp),
  TWILIO_ACCOUNT_SID: text((sid) => /^AC[0-9a-f]{32}$/i.test(sid), 'AC and 32 hexadecimal digits'),
  TWILIO_AUTH_TOKEN: text((token) => /^[\x21-\x7e]{8,200}$/.test(token), 'the auth token of the account'),
  TWILIO_FROM: text(
    (from) => E164_OR_NAME.test(from),
    'a number such as +14155550100, a short code or a sender’s name',
  ),
  TWILIO_MESSAGING_SERVICE_SID: text((sid) => /^MG[0-9a-f]{32}$/i.test(sid), 'MG and 32 hexadecimal digits'),
  TWILIO_API_URL: text((url) => isHttps(url) || isLoopback(url), 'an address with https'),
  TWILIO_RATE: rate(RATE_DEFAULTS.twilio),
  MESSAGE_WEBHOOK_URL: text(isEndpoint, 'an address with https, without user and password'),
  MESSAGE_WEBHOOK_SECRETS: text(
    (secrets) => listOf(secrets).length > 0 && listOf(secrets).every(isSecret),
    `one or more of whsec_ and ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes in base64, separated by blanks`,
  ),
  MESSAGE_WEBHOOK_ALLOW_HOSTS: text(
    (hosts) => listOf(hosts).every((host) => /^[\w.:-]+$/.test(bareHost(host))),
    'names of hosts without ports, separated by blanks',
  ),
  WEBHOOK_RATE: rate(RATE_DEFAULTS.webhook),
});
type Environment = z.infer<typeof environmentSchema>;

/** Secrets may stand in a file whose name is given instead. */
const FROM_FILES = ['SMTP_URL', 'TWILIO_AUTH_TOKEN', 'MESSAGE_WEBHOOK_SECRETS'] as const;

/**
 * Reads and checks the environment, and the files that it names.
 * @throws Invalid `configuration.invalid`, naming each variable that must be mended
 */
export function readChannelsConfiguration(environment: NodeJS.ProcessEnv): ChannelsConfiguration {
  const { variables, fields: unread } = withFiles(environment);
  const parsed = environmentSchema.safeParse(variables);
  const fields = [
    ...unread,
    ...(parsed.success
      ? missingPartners(parsed.data)
      : parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message: `expected: ${message}` }))),
  ];
  if (!parsed.success || fields.length > 0) {
    const named = fields.map(({ field, message }) => `${field}: ${message}`).join('; ');
    throw new Invalid('configuration.invalid', `Mend the environment: ${named}`, { fields });
  }
  const env = parsed.data;
  return {
    publicUrl: env.PISTOR_PUBLIC_URL?.replace(/\/+$/, ''),
    smtp: smtpSettings(env),
    twilio: twilioSettings(env),
    webhook: webhookSettings(env),
    sandboxSends: env.PISTOR_SANDBOX_SENDS === 'true',
    rates: { smtp: env.SMTP_RATE, twilio: env.TWILIO_RATE, webhook: env.WEBHOOK_RATE },
  };
}

function withFiles(environment: NodeJS.ProcessEnv): { variables: NodeJS.ProcessEnv; fields: ErrorField[] } {
  const variables = { ...environment };
  const fields: ErrorField[] = [];
  for (const name of FROM_FILES) {
    const file = environment[`${name}_FILE`];
    if (!file) continue;
    if (variables[name]) fields.push({ field: name, message: `set this or ${name}_FILE, not both` });
    try {
      variables[name] = readFileSync(file, 'utf8').trim();
      if (variables[name] === '') fields.push({ field: `${name}_FILE`, message: 'the file is empty' });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      fields.push({ field: `${name}_FILE`, message: `the file cannot be read (${code ?? 'unknown'})` });
    }
  }
  return { variables, fields };
}

/** Half of a provider is a slip of whoever meant to have it whole: messages would stay in the outbox without a word. */
function missingPartners(env: Environment): ErrorField[] {
  const needed = (given: boolean, names: readonly (keyof Environment)[], because: string): ErrorField[] =>
    given
      ? names.filter((name) => env[name] === undefined).map((field) => ({ field, message: `needed with ${because}` }))
      : [];
  const anyTwilio = (
    ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM', 'TWILIO_MESSAGING_SERVICE_SID'] as const
  ).find((name) => env[name] !== undefined);
  const senders = [env.TWILIO_FROM, env.TWILIO_MESSAGING_SERVICE_SID].filter((each) => each !== undefined).length;
  const oneSender = 'exactly one of TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID';
  return [
    ...needed(env.SMTP_URL !== undefined, ['MAIL_FROM'], 'SMTP_URL'),
    ...needed(env.MAIL_FROM !== undefined, ['SMTP_URL'], 'MAIL_FROM'),
    ...needed(anyTwilio !== undefined, ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'], anyTwilio ?? ''),
    ...(anyTwilio !== undefined && senders !== 1 ? [{ field: 'TWILIO_FROM', message: `set ${oneSender}` }] : []),
    ...needed(env.MESSAGE_WEBHOOK_URL !== undefined, ['MESSAGE_WEBHOOK_SECRETS'], 'MESSAGE_WEBHOOK_URL'),
    ...needed(env.MESSAGE_WEBHOOK_SECRETS !== undefined, ['MESSAGE_WEBHOOK_URL'], 'MESSAGE_WEBHOOK_SECRETS'),
    ...insecureEndpoint(env),
  ];
}

/** Plain http, where the host is not one that was named for it. */
function insecureEndpoint(env: Environment): ErrorField[] {
  const url = env.MESSAGE_WEBHOOK_URL;
  if (url === undefined || isHttps(url) || listOf(env.MESSAGE_WEBHOOK_ALLOW_HOSTS).includes(hostOf(url))) return [];
  return [{ field: 'MESSAGE_WEBHOOK_URL', message: 'needs https, or its host in MESSAGE_WEBHOOK_ALLOW_HOSTS' }];
}

function smtpSettings(env: Environment): SmtpSettings | undefined {
  const server = env.SMTP_URL === undefined ? null : smtpOf(env.SMTP_URL);
  const from = env.MAIL_FROM === undefined ? null : mailAddress(env.MAIL_FROM);
  return server === null || from === null ? undefined : { ...server, from };
}

function twilioSettings(env: Environment): TwilioSettings | undefined {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from } = env;
  const messagingServiceSid = env.TWILIO_MESSAGING_SERVICE_SID;
  if (accountSid === undefined || authToken === undefined) return undefined;
  const sender = messagingServiceSid !== undefined ? { messagingServiceSid } : { from: from ?? '' };
  return { accountSid, authToken, sender, apiUrl: (env.TWILIO_API_URL ?? TWILIO_API).replace(/\/+$/, '') };
}

function webhookSettings(env: Environment): WebhookSettings | undefined {
  const { MESSAGE_WEBHOOK_URL: url, MESSAGE_WEBHOOK_SECRETS: secrets } = env;
  if (url === undefined) return undefined;
  return { url, secrets: listOf(secrets), allowHosts: listOf(env.MESSAGE_WEBHOOK_ALLOW_HOSTS).map(bareHost) };
}

/** @returns null where it is no address of an SMTP server, or asks for what is not known here */
function smtpOf(url: string): Omit<SmtpSettings, 'from'> | null {
  const parsed = urlOf(url);
  if (parsed === null || !/^smtps?:$/.test(parsed.protocol) || parsed.hostname === '') return null;
  if (!['', '/'].includes(parsed.pathname) || parsed.hash !== '') return null;
  const unknown = [...parsed.searchParams].some(([name, value]) => name !== 'tls' || value !== 'optional');
  const [user, password] = [decoded(parsed.username), decoded(parsed.password)];
  if (unknown || user === null || password === null) return null;
  const secure = parsed.protocol === 'smtps:';
  const host = bareHost(parsed.hostname);
  return {
    host,
    port: parsed.port === '' ? (secure ? 465 : 587) : Number(parsed.port),
    secure,
    // Who sits between us and the server could take STARTTLS out of its greeting, and read every message.
    requireTls: !secure && !parsed.searchParams.has('tls') && !isLoopbackHost(host),
    ...(user !== '' && { user, password }),
  };
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function isPublicUrl(url: string): boolean {
  const parsed = urlOf(url);
  return (
    parsed !== null && /^https?:$/.test(parsed.protocol) && `${parsed.search}${parsed.hash}${parsed.username}` === ''
  );
}

function isEndpoint(url: string): boolean {
  const parsed = urlOf(url);
  return parsed !== null && /^https?:$/.test(parsed.protocol) && `${parsed.username}${parsed.password}` === '';
}

function isSecret(secret: string): boolean {
  const base64 = secret.replace(/^whsec_/, '');
  const bytes = Buffer.from(base64, 'base64').length;
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && base64.length % 4 === 0;
  return isBase64 && bytes >= SECRET_BYTES_MIN && bytes <= SECRET_BYTES_MAX;
}

const urlOf = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);
const isHttps = (url: string): boolean => urlOf(url)?.protocol === 'https:';
const isLoopback = (url: string): boolean => isLoopbackHost(hostOf(url));
const isLoopbackHost = (host: string): boolean => /^(?:localhost|127\.0\.0\.1|::1)$/.test(host);
const hostOf = (url: string): string => bareHost(urlOf(url)?.hostname ?? '');
const bareHost = (host: string): string => host.toLowerCase().replace(/^\[|\]$/g, '');
const listOf = (value: string | undefined): string[] => (value ?? '').split(/[\s,]+/).filter((each) => each !== '');
