import { receiptOf, replyOf } from './twilio.form.js';

const MESSAGE = '0199a000-0000-7000-8000-00000000000a';
const SID = `SM${'a'.repeat(32)}`;
const receipt = (fields: Record<string, string>) =>
  receiptOf(MESSAGE, new URLSearchParams({ MessageSid: SID, To: '+905321234567', ...fields }));

describe('a receipt', () => {
  it.each([
    ['accepted', 'accepted'],
    ['queued', 'accepted'],
    ['sending', 'accepted'],
    ['sent', 'accepted'],
    ['delivered', 'delivered'],
    ['read', 'delivered'],
    ['undelivered', 'undelivered'],
    ['failed', 'undelivered'],
  ])('of %s says %s', (MessageStatus, status) => {
    expect(receipt({ MessageStatus })).toMatchObject({ messageId: MESSAGE, reference: SID, status });
  });

  it('says why a message was not delivered, and names no number', () => {
    const why = (ErrorCode: string) => receipt({ MessageStatus: 'undelivered', ErrorCode })?.problem;
    expect(why('30003')).toBe('Twilio did not deliver it, error 30003: the phone was off or out of reach');
    expect(why('39999')).toBe('Twilio did not deliver it, error 39999');
    expect(why('')).toBe('Twilio did not deliver it');
    expect(why('to +905321234567')).toBe('Twilio did not deliver it');
    expect(receipt({ MessageStatus: 'delivered', ErrorCode: '30003' })).not.toHaveProperty('problem');
  });

  it.each([
    { MessageStatus: 'receiving' },
    { MessageStatus: 'toString' },
    {},
    { MessageStatus: 'sent', MessageSid: 'x' },
  ] as Record<string, string>[])('is none where it says %j', (fields) => expect(receipt(fields)).toBeNull());
});

describe('a reply', () => {
  const reply = (fields: Record<string, string>) =>
    replyOf(
      new URLSearchParams({ MessageSid: SID, From: '+905321234567', To: '+14155550100', Body: 'Dur', ...fields }),
    );

  it('has who wrote, what, to which number, and the id that a repeat has as well', () => {
    expect(reply({})).toEqual({ from: '+905321234567', to: '+14155550100', text: 'Dur', reference: SID });
  });

  it('says where Twilio has shut or opened the number by itself', () => {
    expect(reply({ OptOutType: 'STOP' })).toMatchObject({ optOut: 'stop' });
    expect(reply({ OptOutType: 'START' })).toMatchObject({ optOut: 'start' });
    for (const OptOutType of ['HELP', 'constructor']) expect(reply({ OptOutType })).not.toHaveProperty('optOut');
  });

  it('is none without a sender or an id', () => {
    expect([reply({ From: '' }), reply({ MessageSid: '' }), replyOf(new URLSearchParams())]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('holds only text that can be stored, and no more of it than a phone sends', () => {
    expect(reply({ Body: 'a\0b' })?.text).toBe('a\uFFFDb');
    expect(reply({ Body: 'x'.repeat(5_000) })?.text).toHaveLength(1_600);
    expect(reply({ Body: '' })?.text).toBe('');
  });
});
