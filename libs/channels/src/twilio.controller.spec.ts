import { everybodyIsDemo, unrecorded } from '#test/support/demo-access.js';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CHANNEL_CHAIN } from '#test/support/outgoing-message.js';
import { createHttpApp } from '#libs/http/src/fastify-app.js';
import type { HttpDependencies } from '#libs/http/src/http.dependencies.js';
import { HttpModule } from '#libs/http/src/http.module.js';
import { everybodyIn } from '#libs/http/src/request-context.js';
import { silentLog } from '#libs/kernel/src/log.js';
import type { Receipt } from '#libs/messaging/src/channel.contract.js';
import { ChannelsModule } from './channels.module.js';
import type { InboundReply } from './inbound.port.js';
import { TwilioCalls, twilioSignature } from './twilio.signature.js';

const TOKEN = 'a-long-token';
const PUBLIC = 'https://pistor.example.com';
const MESSAGE = '0199a000-0000-7000-8000-00000000000a';
const SID = `SM${'a'.repeat(32)}`;
const RECEIPTS = `/v1/channels/sms/receipts/${MESSAGE}`;
const REPLIES = '/v1/channels/sms/replies';

let app: NestFastifyApplication;
let receipts: Receipt[];
let replies: InboundReply[];

async function start(twilio: TwilioCalls | null): Promise<void> {
  receipts = [];
  replies = [];
  const inbound = {
    receipt: async (receipt: Receipt) => void receipts.push(receipt),
    reply: async (reply: InboundReply) => void replies.push(reply),
  };
  // Nothing here is a command or reads a read model, so of what HTTP needs only chain and log are looked at.
  const http = {
    chains: everybodyIn(CHANNEL_CHAIN),
    access: everybodyIsDemo,
    reads: unrecorded,
    log: silentLog,
  } as HttpDependencies;

  @Module({ imports: [HttpModule.forRoot(http), ChannelsModule.forRoot({ inbound, twilio })] })
  class TestModule {}

  app = await createHttpApp(TestModule);
  await app.init();
}
beforeEach(() => start(new TwilioCalls(TOKEN, PUBLIC)));
afterEach(() => app.close());

function call(
  path: string,
  fields: Record<string, string>,
  changes: { readonly signature?: string; type?: string } = {},
) {
  const form = new URLSearchParams(fields);
  const signature = changes.signature ?? twilioSignature(TOKEN, `${PUBLIC}${path}`, form);
  const type = changes.type ?? 'application/x-www-form-urlencoded; charset=UTF-8';
  const headers = { 'content-type': type, 'x-twilio-signature': signature };
  return app.inject({ method: 'POST', url: path, payload: form.toString(), headers });
}

it('hands on what became of a message, and answers TwiML that says nothing', async () => {
  const answer = await call(RECEIPTS, { MessageSid: SID, MessageStatus: 'undelivered', ErrorCode: '30005', To: '+1' });
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/xml; charset=utf-8']);
  expect(answer.body).toBe('<?xml version="1.0" encoding="UTF-8"?><Response/>');
  const problem = expect.stringContaining('30005');
  const by = { transport: 'twilio', channel: 'sms' };
  expect(receipts).toEqual([{ messageId: MESSAGE, reference: SID, status: 'undelivered', problem, by }]);
});

it('hands on what somebody wrote', async () => {
  const fields = { MessageSid: SID, From: '+905321234567', To: '+14155550100', Body: 'İptal & 1+1=2' };
  expect((await call(REPLIES, fields)).statusCode).toBe(200);
  expect(replies).toEqual([{ from: fields.From, to: fields.To, text: fields.Body, reference: SID }]);
});

it('passes over what it does not know, without a fuss', async () => {
  expect((await call(RECEIPTS, { MessageSid: SID, MessageStatus: 'new-in-2030' })).statusCode).toBe(200);
  expect((await call(REPLIES, { MessageSid: SID })).statusCode).toBe(200);
  expect([receipts, replies]).toEqual([[], []]);
});

it('refuses whoever has not signed, or has signed something else, and says no more', async () => {
  const fields = { MessageSid: SID, MessageStatus: 'delivered' };
  const elsewhere = twilioSignature(TOKEN, `${PUBLIC}${REPLIES}`, new URLSearchParams(fields));
  const bodies = new Set<string>();
  for (const signature of ['', 'wrong', elsewhere]) {
    const answer = await call(RECEIPTS, fields, { signature });
    expect(answer.statusCode).toBe(403);
    const { code, detail, fields: toMend } = answer.json();
    bodies.add(JSON.stringify([code, detail, toMend]));
  }
  expect((await app.inject({ method: 'POST', url: REPLIES })).statusCode).toBe(403);
  expect([...bodies]).toEqual(['["channel.not-genuine","Only the provider may call this.",[]]']);
  expect(receipts).toEqual([]);
});

it('takes forms only, and none larger than Twilio sends', async () => {
  expect((await call(REPLIES, {}, { type: 'application/json' })).statusCode).toBe(415);
  expect((await call(REPLIES, {}, { type: 'multipart/form-data' })).statusCode).toBe(415);
  const large = await call(REPLIES, { Body: 'x'.repeat(70_000) });
  expect(large.statusCode).toBe(413);
  expect(replies).toEqual([]);
});

it('refuses everybody where SMS does not go by Twilio', async () => {
  await app.close();
  await start(null);
  expect((await call(REPLIES, { MessageSid: SID })).statusCode).toBe(403);
});
