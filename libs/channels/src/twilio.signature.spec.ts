import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { TwilioCalls, twilioSignature } from './twilio.signature.js';

const TOKEN = '12345';
const URL_ = 'https://mycompany.com/myapp.php?foo=1&bar=2';
const formOf = (caller: string) =>
  new URLSearchParams({
    Digits: '1234',
    CallSid: 'CA1234567890ABCDE',
    To: '+18005551212',
    From: caller,
    Caller: caller,
  });

it.each([
  // The example of Twilio's documentation, and that of its libraries' tests.
  ['+14158675310', 'GvWf1cFY/Q7PnoempGyD5oXAezc='],
  ['+14158675309', 'RSOYDt4T1cUTdK1PDd93/VVr8B8='],
])('signs Twilio’s own example with the caller %s as Twilio does', (caller, signature) => {
  expect(twilioSignature(TOKEN, URL_, formOf(caller))).toBe(signature);
  const byHand = `${URL_}CallSidCA1234567890ABCDECaller${caller}Digits1234From${caller}To+18005551212`;
  expect(createHmac('sha1', TOKEN).update(byHand).digest('base64')).toBe(signature);
});

const calls = new TwilioCalls(TOKEN, 'https://mycompany.com');
const PATH = '/myapp.php?foo=1&bar=2';
const GOOD = 'GvWf1cFY/Q7PnoempGyD5oXAezc=';

it('knows Twilio’s call, with or without the port that goes without saying', () => {
  const form = formOf('+14158675310');
  expect(calls.areGenuine(PATH, form, GOOD)).toBe(true);
  const withPort = twilioSignature(TOKEN, `https://mycompany.com:443${PATH}`, form);
  expect(calls.areGenuine(PATH, form, withPort)).toBe(true);
  const behindPort = new TwilioCalls(TOKEN, 'https://mycompany.com:8443/pistor');
  const signed = twilioSignature(TOKEN, 'https://mycompany.com:8443/pistor/v1/x', form);
  expect(behindPort.areGenuine('/v1/x', form, signed)).toBe(true);
  expect(behindPort.areGenuine('/v1/x', form, twilioSignature(TOKEN, 'https://mycompany.com/pistor/v1/x', form))).toBe(
    true,
  );
});

it('refuses another token, address, field or signature, and none at all', () => {
  const form = formOf('+14158675310');
  expect(new TwilioCalls('12346', 'https://mycompany.com').areGenuine(PATH, form, GOOD)).toBe(false);
  expect(new TwilioCalls(TOKEN, 'https://mycompany.org').areGenuine(PATH, form, GOOD)).toBe(false);
  expect(calls.areGenuine('/myapp.php?foo=1&bar=3', form, GOOD)).toBe(false);
  expect(calls.areGenuine(PATH, formOf('+14158675311'), GOOD)).toBe(false);
  for (const wrong of [undefined, '', 'x', GOOD.slice(1), `${GOOD}=`, [GOOD], 'ı'.repeat(28)]) {
    expect(calls.areGenuine(PATH, form, wrong)).toBe(false);
  }
});

it('counts every field and every value once, in any order of arrival', () => {
  const pairs = fc.array(fc.tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 6 })), { maxLength: 8 });
  fc.assert(
    fc.property(pairs, fc.tuple(fc.string({ minLength: 1 }), fc.string({ minLength: 1 })), (fields, [name, value]) => {
      const signature = twilioSignature(TOKEN, URL_, new URLSearchParams(fields));
      expect(twilioSignature(TOKEN, URL_, new URLSearchParams([...fields].reverse()))).toBe(signature);
      if (fields.some(([known, held]) => known === name && held === value)) return;
      expect(twilioSignature(TOKEN, URL_, new URLSearchParams([...fields, [name, value]]))).not.toBe(signature);
    }),
  );
});
