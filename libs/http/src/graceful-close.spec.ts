import { once } from 'node:events';
import { connect } from 'node:net';
import { exampleHttpApp } from '#test/support/example-http-app.js';

/** The one spec that listens: what is tested is the connection. */
describe('a server that closes', () => {
  it('does not wait for connections that never carried a request, as browsers open them', async () => {
    const { app } = await exampleHttpApp();
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const ended = once(socket.resume(), 'close');
    await app.close();
    await ended;
  });

  it('finishes what it is answering', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const waitFor = async () => {
      asked();
      await held;
    };
    const { app } = await exampleHttpApp({ readModels: { assertServing: () => Promise.resolve(), waitFor } });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as { port: number };
    const position = '0199a000-0000-7000-8000-000000000001:7';
    const answer = fetch(`http://127.0.0.1:${port}/v1/rooms?position=${position}`);
    await waiting;
    const closed = app.close();
    setTimeout(release, 200);
    expect((await answer).status).toBe(200);
    await closed;
  });
});
