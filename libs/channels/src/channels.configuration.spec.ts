import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PistorError } from '#libs/kernel/src/errors.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { readChannelsConfiguration } from './channels.configuration.js';
import { openChannels, twilioCalls } from './open-channels.js';

const ACCOUNT = `AC${'1'.repeat(32)}`;
const SECRET = `whsec_${Buffer.from('s'.repeat(32)).toString('base64')}`;
const SMTP = { SMTP_URL: 'smtps://user%40x:p%2Fw@mail.example.com', MAIL_FROM: 'reminders@clinic.example.com' };
const TWILIO = { TWILIO_ACCOUNT_SID: ACCOUNT, TWILIO_AUTH_TOKEN: 'a-long-token', TWILIO_FROM: '+14155550100' };
const WEBHOOK = { MESSAGE_WEBHOOK_URL: 'https://hooks.example.com/x', MESSAGE_WEBHOOK_SECRETS: SECRET };

const read = readChannelsConfiguration;
const fieldsOf = (environment: NodeJS.ProcessEnv): string[] => {
  try {
    read(environment);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ kind: 'invalid', code: 'configuration.invalid' });
    return (error as PistorError).fields.map(({ field }) => field);
  }
};
const transports = (environment: NodeJS.ProcessEnv) => {
  const { email, sms } = openChannels(read(environment), silentLog);
  return [email?.transport, sms?.transport];
};

it('leaves everything to the outbox where nothing is configured, empty values included', () => {
  expect(transports({})).toEqual([undefined, undefined]);
  expect(transports({ SMTP_URL: '', MAIL_FROM: ' ', TWILIO_FROM: '', MESSAGE_WEBHOOK_URL: '' })).toEqual([
    undefined,
    undefined,
  ]);
  expect(openChannels(read({}), silentLog).rates).toEqual({ smtp: 10, twilio: 10, webhook: 50 });
});

it('gives e-mail to SMTP, SMS to Twilio, and what is left to the webhook', () => {
  expect(transports(SMTP)).toEqual(['smtp', undefined]);
  expect(transports(TWILIO)).toEqual([undefined, 'twilio']);
  expect(transports(WEBHOOK)).toEqual(['webhook', 'webhook']);
  expect(transports({ ...SMTP, ...WEBHOOK })).toEqual(['smtp', 'webhook']);
  expect(transports({ ...TWILIO, ...WEBHOOK })).toEqual(['webhook', 'twilio']);
  expect(transports({ ...SMTP, ...TWILIO, ...WEBHOOK })).toEqual(['smtp', 'twilio']);
});

it('reads the address of an SMTP server', () => {
  const from = SMTP.MAIL_FROM;
  const smtp = (SMTP_URL: string) => read({ SMTP_URL, MAIL_FROM: from }).smtp;
  expect(smtp(SMTP.SMTP_URL)).toEqual({
    ...{ host: 'mail.example.com', port: 465, secure: true, requireTls: false },
    ...{ user: 'user@x', password: 'p/w', from },
  });
  expect(smtp('smtp://mail.example.com')).toMatchObject({ port: 587, secure: false, requireTls: true });
  expect(smtp('smtp://mail:1025/?tls=optional')).toMatchObject({ host: 'mail', port: 1025, requireTls: false });
  expect(smtp('smtp://127.0.0.1:1025')).toMatchObject({ requireTls: false });
});

it.each([
  ['SMTP_URL', { ...SMTP, SMTP_URL: 'https://mail.example.com' }],
  ['SMTP_URL', { ...SMTP, SMTP_URL: 'smtp://mail.example.com?debug=true' }],
  ['SMTP_URL', { ...SMTP, SMTP_URL: 'mail.example.com:25' }],
  ['MAIL_FROM', { ...SMTP, MAIL_FROM: 'Clinic <reminders@clinic.example.com>' }],
  ['MAIL_FROM', { ...SMTP, MAIL_FROM: undefined }],
  ['SMTP_URL', { MAIL_FROM: SMTP.MAIL_FROM }],
  ['SMTP_RATE', { SMTP_RATE: '0' }],
  ['TWILIO_RATE', { TWILIO_RATE: 'many' }],
  ['TWILIO_ACCOUNT_SID', { ...TWILIO, TWILIO_ACCOUNT_SID: 'SK1' }],
  ['TWILIO_AUTH_TOKEN', { ...TWILIO, TWILIO_AUTH_TOKEN: undefined }],
  ['TWILIO_FROM', { ...TWILIO, TWILIO_FROM: undefined }],
  ['TWILIO_FROM', { ...TWILIO, TWILIO_MESSAGING_SERVICE_SID: `MG${'2'.repeat(32)}` }],
  ['TWILIO_API_URL', { ...TWILIO, TWILIO_API_URL: 'http://api.example.com' }],
  ['MESSAGE_WEBHOOK_SECRETS', { ...WEBHOOK, MESSAGE_WEBHOOK_SECRETS: undefined }],
  ['MESSAGE_WEBHOOK_SECRETS', { ...WEBHOOK, MESSAGE_WEBHOOK_SECRETS: `${SECRET} whsec_c2hvcnQ=` }],
  ['MESSAGE_WEBHOOK_URL', { MESSAGE_WEBHOOK_SECRETS: SECRET }],
  ['MESSAGE_WEBHOOK_URL', { ...WEBHOOK, MESSAGE_WEBHOOK_URL: 'http://hooks.example.com/x' }],
  ['MESSAGE_WEBHOOK_URL', { ...WEBHOOK, MESSAGE_WEBHOOK_URL: 'https://u:p@hooks.example.com/x' }],
  ['PISTOR_PUBLIC_URL', { PISTOR_PUBLIC_URL: 'pistor.example.com' }],
  ['PISTOR_PUBLIC_URL', { PISTOR_PUBLIC_URL: 'https://pistor.example.com/?x=1' }],
])('names %s where it is wrong or missing', (field, environment) => {
  expect(fieldsOf(environment as NodeJS.ProcessEnv)).toEqual([field]);
});

it('names everything that is to be mended at once, and no secret', () => {
  const environment = {
    ...TWILIO,
    SMTP_URL: 'ftp://secret@x',
    MESSAGE_WEBHOOK_SECRETS: 'whsec_secret',
    WEBHOOK_RATE: '-1',
  };
  expect(fieldsOf(environment)).toEqual(['SMTP_URL', 'MESSAGE_WEBHOOK_SECRETS', 'WEBHOOK_RATE']);
  expect(() => read(environment)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret@') }));
});

it('takes several secrets, and plain http where the host was named for it', () => {
  const webhook = read({
    MESSAGE_WEBHOOK_URL: 'http://Hooks.Intranet:8080/x',
    MESSAGE_WEBHOOK_SECRETS: `${SECRET}, ${SECRET}`,
    MESSAGE_WEBHOOK_ALLOW_HOSTS: 'other hooks.intranet [::1]',
  }).webhook;
  expect(webhook?.secrets).toEqual([SECRET, SECRET]);
  expect(webhook?.allowHosts).toEqual(['other', 'hooks.intranet', '::1']);
});

describe('secrets in files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'channels-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it('are read, without the line’s end', () => {
    const { TWILIO_AUTH_TOKEN, ...others } = TWILIO;
    const environment = {
      ...others,
      TWILIO_AUTH_TOKEN_FILE: file('token', `${TWILIO_AUTH_TOKEN}\n`),
      MESSAGE_WEBHOOK_URL: WEBHOOK.MESSAGE_WEBHOOK_URL,
      MESSAGE_WEBHOOK_SECRETS_FILE: file('secrets', `${SECRET}\n${SECRET}\n`),
    };
    expect(read(environment).twilio?.authToken).toBe(TWILIO_AUTH_TOKEN);
    expect(read(environment).webhook?.secrets).toHaveLength(2);
  });

  it('are named where they are missing, empty, or given twice', () => {
    const missing = { ...SMTP, SMTP_URL: undefined, SMTP_URL_FILE: join(folder, 'none') } as NodeJS.ProcessEnv;
    expect(fieldsOf(missing)).toEqual(expect.arrayContaining(['SMTP_URL_FILE']));
    expect(fieldsOf({ ...TWILIO, TWILIO_AUTH_TOKEN_FILE: file('token', 'another-token') })).toEqual([
      'TWILIO_AUTH_TOKEN',
    ]);
  });
});

it('checks calls of Twilio only where it could call', () => {
  expect(twilioCalls(read(TWILIO))).toBeNull();
  expect(twilioCalls(read({ PISTOR_PUBLIC_URL: 'https://pistor.example.com/' }))).toBeNull();
  expect(twilioCalls(read({ ...TWILIO, PISTOR_PUBLIC_URL: 'https://pistor.example.com/' }))).not.toBeNull();
});
