import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

export interface ReceivedMail {
  readonly session: SMTPServerSession;
  /** Of the envelope, which the server forgets with the next message. */
  readonly to: readonly string[];
  readonly raw: Buffer;
}

export interface MailServer {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
  close(): Promise<void>;
}

/** A real SMTP server on a free port of 127.0.0.1 that keeps what it takes. */
export async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 200,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ session, to, raw: Buffer.concat(chunks) });
        done();
      });
    },
    ...options,
  });
  // Sessions that the tests break off are what they are about.
  server.on('error', () => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.server.address() as AddressInfo;
  return { port, received, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** What a scripted server does where it should answer: a line, silence, or an end of the connection. */
export type Step = string | 'hang' | 'drop';

export interface Script {
  readonly greeting?: Step;
  readonly ehlo?: Step;
  readonly mail?: Step;
  readonly rcpt?: Step;
  readonly data?: Step;
  /** After the line with the dot. */
  readonly end?: Step;
  /** As soon as the first bytes of the message have come. */
  readonly middle?: Step;
}

export interface ScriptedServer {
  readonly port: number;
  /** How many messages have come to their dot. */
  readonly messages: number;
  close(): Promise<void>;
}

/** A server that keeps to SMTP but for one step: smtp-server cannot hang or hang up in the middle of things. */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  let messages = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    const act = (step: Step) => {
      if (step === 'drop') socket.destroy();
      else if (step !== 'hang') socket.write(`${step}\r\n`);
    };
    let pending = '';
    let inData = false;
    socket.on('data', (chunk: Buffer) => {
      pending += chunk.toString('latin1');
      if (inData) {
        if (script.middle !== undefined) act(script.middle);
        if (!pending.includes('\r\n.\r\n')) return;
        messages += 1;
        inData = false;
        pending = '';
        act(script.end ?? '250 2.0.0 taken');
        return;
      }
      for (let at = pending.indexOf('\r\n'); at >= 0 && !inData; at = pending.indexOf('\r\n')) {
        const command = pending.slice(0, at).slice(0, 4).toUpperCase();
        pending = pending.slice(at + 2);
        if (command === 'EHLO' || command === 'HELO') act(script.ehlo ?? '250 scripted');
        else if (command === 'MAIL') act(script.mail ?? '250 ok');
        else if (command === 'RCPT') act(script.rcpt ?? '250 ok');
        else if (command === 'DATA') {
          const step = script.data ?? '354 go on';
          inData = step.startsWith('354');
          act(step);
        } else act('250 ok');
      }
    });
    act(script.greeting ?? '220 scripted');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  return {
    port,
    close,
    get messages() {
      return messages;
    },
  };
}
