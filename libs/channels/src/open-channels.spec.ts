import { anEmail, anSms, CHANNEL_CHAIN } from '#test/support/outgoing-message.js';
import { deadPort } from '#test/support/http-endpoint.js';
import { silentLog } from '#libs/kernel/src/log.js';

it('loads the packages of providers with the first message that needs them, and not at start', async () => {
  const loaded = new Set<string>();
  for (const name of ['nodemailer', 'standardwebhooks', 'ipaddr.js']) {
    jest.doMock(name, () => {
      loaded.add(name);
      return jest.requireActual(name);
    });
  }
  const { openChannels } = await import('./open-channels.js');
  const { readChannelsConfiguration } = await import('./channels.configuration.js');
  const port = await deadPort();
  const smtp = { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'reminders@clinic.example.com' };
  const webhook = {
    MESSAGE_WEBHOOK_URL: `http://127.0.0.1:${port}`,
    MESSAGE_WEBHOOK_ALLOW_HOSTS: '127.0.0.1',
    MESSAGE_WEBHOOK_SECRETS: Buffer.from('s'.repeat(32)).toString('base64'),
  };
  const { email, sms } = openChannels(readChannelsConfiguration({ ...smtp, ...webhook }), silentLog);
  expect([...loaded]).toEqual([]);

  expect(await sms?.send(CHANNEL_CHAIN, anSms())).toMatchObject({ kind: 'refused' });
  expect([...loaded]).toEqual(['standardwebhooks']);
  expect(await email?.send(CHANNEL_CHAIN, anEmail())).toMatchObject({ kind: 'refused' });
  expect([...loaded]).toEqual(['standardwebhooks', 'nodemailer']);
  await email?.close?.();
});
