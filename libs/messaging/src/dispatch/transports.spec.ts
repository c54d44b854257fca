import type { Channel, Transport } from '../channel.contract.js';
import { Transports } from './transports.js';

const channel = (transport: Transport): Channel => ({
  ...{ transport, deduplicatesForMs: 0 },
  send: () => Promise.resolve({ kind: 'rejected', problem: 'not in this test' }),
});
const [outbox, smtp] = [channel('outbox'), channel('smtp')];
const live = { sandbox: false };
const sandbox = { sandbox: true };

describe('who carries a message', () => {
  it('[message.channel] is the provider of its channel, and the outbox where there is none', () => {
    const transports = new Transports(outbox, { email: smtp });
    expect(transports.for(live, 'email')).toBe(smtp);
    expect(transports.for(live, 'sms')).toBe(outbox);
    expect(transports.called('smtp')).toBe(smtp);
    expect(transports.called('twilio')).toBeUndefined();
  });

  it('[message.channel] is the outbox in a sandbox, whose clock is advanced by months, unless it is said otherwise', () => {
    expect(new Transports(outbox, { email: smtp }).for(sandbox, 'email')).toBe(outbox);
    expect(new Transports(outbox, { email: smtp }, true).for(sandbox, 'email')).toBe(smtp);
  });
});
