import type { FastifyReply, FastifyRequest } from 'fastify';
import { ABSOLUTE_HOURS } from './sessions.js';

/**
 * Cookies of a public address are bound to it and to TLS (`__Host-`). On the loopback address there is no TLS, and
 * browsers take no such cookie everywhere: there they go without.
 */
export interface CookieRules {
  readonly secure: boolean;
}

const SECRET = /^[\w-]{43}$/;

const nameOf = (kind: 'session' | 'sign-in', { secure }: CookieRules): string =>
  `${secure ? '__Host-' : ''}pistor-${kind}`;

/** The secret of a cookie, where a well-formed one was sent once: twice the same name is nobody's. */
export function cookieOf(
  { headers }: Pick<FastifyRequest, 'headers'>,
  kind: 'session' | 'sign-in',
  rules: CookieRules,
): string | undefined {
  const name = nameOf(kind, rules);
  const values = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 && SECRET.test(values[0] as string) ? values[0] : undefined;
}

/**
 * @param kind a session is sent with requests of our own pages alone; a sign-in that is under way comes back by a
 *   redirect from the provider's page, so that it has to be `Lax`
 */
export function setCookie(
  reply: FastifyReply,
  kind: 'session' | 'sign-in',
  secret: string,
  rules: CookieRules,
  seconds = ABSOLUTE_HOURS * 3600,
): void {
  const site = kind === 'session' ? 'Strict' : 'Lax';
  const text = `${nameOf(kind, rules)}=${secret}; Path=/; HttpOnly; SameSite=${site}; Max-Age=${seconds}`;
  append(reply, rules.secure ? `${text}; Secure` : text);
}

export function clearCookie(reply: FastifyReply, kind: 'session' | 'sign-in', rules: CookieRules): void {
  setCookie(reply, kind, '', rules, 0);
}

function append(reply: FastifyReply, cookie: string): void {
  const before = reply.getHeader('set-cookie');
  const cookies = before === undefined ? [] : Array.isArray(before) ? before : [String(before)];
  reply.removeHeader('set-cookie').header('set-cookie', [...cookies, cookie]);
}
