import type { FastifyReply } from 'fastify';
import type { PassThrough } from 'node:stream';
import { exampleHttpApp, type ExampleApp } from '#test/support/example-http-app.js';
import { ServerSentEvents } from './server-sent-events.js';

describe('server-sent events', () => {
  let example: ExampleApp;
  beforeEach(async () => {
    example = await exampleHttpApp();
  });
  afterEach(() => example.app.close());

  const listen = async () => {
    const answer = await example.app.inject({ url: '/v1/rooms/stream', payloadAsStream: true });
    let text = '';
    const stream = answer.stream();
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { answer, stream, text: () => text };
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('reach every listener, in the form browsers read', async () => {
    const listeners = await Promise.all([listen(), listen()]);
    expect(listeners[0]?.answer.headers['content-type']).toBe('text/event-stream');
    example.events.publish('moved', { head: 7 });
    for (const { text } of listeners) await until(() => text().includes('event: moved\ndata: {"head":7}\n\n'));
  });

  it('begin with the newest one there was', async () => {
    example.events.publish('moved', { head: 1 });
    example.events.publish('moved', { head: 2 });
    const { text } = await listen();
    await until(() => text().includes('"head":2'));
    expect(text()).not.toContain('"head":1');
  });

  it('end when the application closes, so that they do not keep it', async () => {
    const { stream } = await listen();
    const ended = new Promise((resolve) => stream.once('end', resolve));
    expect(example.events.count).toBe(1);
    await example.app.close();
    await ended;
    expect(example.events.count).toBe(0);
  });

  it('have a bounded number of listeners', async () => {
    for (let n = 0; n < 200; n += 1) await listen();
    const answer = await example.app.inject('/v1/rooms/stream');
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([
      429,
      'events.too-many-listeners',
      '30',
    ]);
  });

  it('have plain names', () => {
    expect(() => example.events.publish('a\ndata: b', {})).toThrow(/name/);
  });
});

describe('a listener who may not listen any more', () => {
  afterEach(() => jest.useRealTimers());

  it('is cut off with the next sign of life, and the others are not', async () => {
    jest.useFakeTimers();
    const events = new ServerSentEvents();
    let mayListen = true;
    const ended: string[] = [];
    const open = (name: string, assertGoesOn: () => Promise<void>) => {
      const reply = {
        type: () => reply,
        header: () => reply,
        send: (stream: PassThrough) => Promise.resolve(void stream.resume().once('end', () => ended.push(name))),
      };
      return events.open(reply as unknown as FastifyReply, { assertGoesOn, record: () => Promise.resolve() });
    };
    await open('disabled', () => (mayListen ? Promise.resolve() : Promise.reject(new Error('disabled'))));
    await open('other', () => Promise.resolve());
    await jest.advanceTimersByTimeAsync(20_000);
    expect([events.count, ended]).toEqual([2, []]);
    mayListen = false;
    await jest.advanceTimersByTimeAsync(15_000);
    expect([events.count, ended]).toEqual([1, ['disabled']]);
    events.beforeApplicationShutdown();
  });
});
