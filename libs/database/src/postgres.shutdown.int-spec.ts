import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { openPostgres } from './postgres.database.js';

/** What a server says to a session when it shuts down. */
const FAREWELL = message('E', ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection', ''].join('\0') + '\0');
/** Ready for the first statement. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

it('outlives a server that lets a client in and shuts down in the same moment', async () => {
  const url = new URL(process.env['DATABASE_URL'] as string);
  const server = { host: url.hostname, port: Number(url.port) };
  // The first session is the one that looks after the role; those of the pool come after it.
  let sessions = 0;
  const proxy = createServer((client) => {
    const hurt = ++sessions > 1;
    const upstream = connect(server);
    const end = () => void [client, upstream].map((socket) => socket.destroy());
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.pipe(upstream);
    upstream.on('data', (data) => {
      const isIn = data.subarray(-READY.length).equals(READY);
      // In one write, as a busy client finds them: nobody can do anything between the two.
      client.write(hurt && isIn ? Buffer.concat([data, FAREWELL]) : data);
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  url.port = String((proxy.address() as AddressInfo).port);
  try {
    await expect(openPostgres(url.href)).rejects.toBeInstanceOf(Unavailable);
    expect(sessions).toBe(2);
  } finally {
    proxy.close();
  }
});

function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + Buffer.byteLength(body));
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
}
