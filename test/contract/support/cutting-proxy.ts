import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands between a store and its database and cuts the connection at the worst moment: when the database has done what
 * it was asked, and its answer is on the way.
 */
export class CuttingProxy {
  private readonly sockets = new Set<Socket>();
  private cuts = 0;
  private question = Buffer.alloc(0);

  private constructor(
    private readonly server: Server,
    /** The server's URL, by way of the proxy. */
    readonly url: string,
  ) {}

  static async start(serverUrl: string): Promise<CuttingProxy> {
    const url = new URL(serverUrl);
    const target = { host: url.hostname, port: Number(url.port || 5432) };
    const server = createServer((client) => proxy.join(client, connect(target)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new CuttingProxy(server, url.href);
    return proxy;
  }

  /** Withholds the next `count` answers to questions that have these words in them, and cuts their connections. */
  cutAnswersTo(words: string, count: number): void {
    this.question = Buffer.from(words);
    this.cuts = count;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket, server: Socket): void {
    let asked = false;
    const end = () => {
      client.destroy();
      server.destroy();
      this.sockets.delete(client);
      this.sockets.delete(server);
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.setNoDelay().on('error', end).on('close', end);
    }
    client.on('data', (data) => {
      asked ||= this.cuts > 0 && data.includes(this.question);
      server.write(data);
    });
    server.on('data', (data) => {
      if (asked && this.cuts > 0) {
        this.cuts -= 1;
        end();
      } else client.write(data);
    });
  }
}
