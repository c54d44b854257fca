import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The signature of a call of Twilio: HMAC-SHA1 under the auth token, over the whole address that was called and the
 * names and values of the form, sorted by name (twilio.com/docs/usage/security).
 */
export function twilioSignature(authToken: string, url: string, form: URLSearchParams): string {
  const names = [...new Set(form.keys())].sort();
  // Of a name that comes several times, each value once, sorted, as Twilio's own libraries have it.
  const fields = names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => `${name}${value}`));
  return createHmac('sha1', authToken)
    .update(`${url}${fields.join('')}`, 'utf8')
    .digest('base64');
}

/** Whether a call came from Twilio, or from somebody else who has the auth token. */
export class TwilioCalls {
  /** @param publicUrl the address that Twilio calls, without a slash at its end: what stands before `/v1` */
  constructor(
    private readonly authToken: string,
    private readonly publicUrl: string,
  ) {}

  /**
   * @param path path and query as they came
   * @param signature of the header `X-Twilio-Signature`
   */
  areGenuine(path: string, form: URLSearchParams, signature: unknown): boolean {
    if (typeof signature !== 'string') return false;
    const given = Buffer.from(signature);
    return this.spellings(path)
      .map((url) => Buffer.from(twilioSignature(this.authToken, url, form)))
      .some((expected) => expected.length === given.length && timingSafeEqual(expected, given));
  }

  /** Twilio has signed with and without the port that goes without saying, and its libraries try both. */
  private spellings(path: string): string[] {
    const { protocol, port, hostname } = new URL(this.publicUrl);
    const rest = `${this.publicUrl.replace(/^[a-z]+:\/\/[^/]*/i, '')}${path}`;
    const usual = protocol === 'https:' ? '443' : '80';
    const withPort = `${protocol}//${hostname}:${port === '' ? usual : port}${rest}`;
    return [`${this.publicUrl}${path}`, withPort, `${protocol}//${hostname}${rest}`];
  }
}
