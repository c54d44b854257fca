import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';

/** First bytes of the messages after which the server answers: query, sync, flush, terminate; 0 is the startup. */
const ENDS_REQUEST = new Set([...'QSHX'].map((letter) => letter.charCodeAt(0)).concat(0));

/**
 * What pg.Client needs of a socket, with the worker at the other end. Not a stream of Node's: the driver writes one
 * message (parse, bind, describe, execute, sync) at a time, and what it writes in one go has to travel as one request.
 */
export class PgliteWire extends EventEmitter {
  writable = true;
  private parts: Uint8Array[] = [];
  private length = 0;
  private scheduled = false;

  /** @param send takes a whole request; the bytes are handed over. */
  constructor(private readonly send: (request: Uint8Array<ArrayBuffer>) => void) {
    super();
  }

  /** The driver asks for a Duplex and uses only what is here. */
  asStream(): Duplex {
    return this as unknown as Duplex;
  }

  write(bytes: Uint8Array, written?: () => void): boolean {
    if (!this.writable) return false;
    this.parts.push(bytes);
    this.length += bytes.length;
    if (!this.scheduled && ENDS_REQUEST.has(bytes[0] ?? 0)) {
      this.scheduled = true;
      queueMicrotask(() => this.flush());
    }
    if (written) queueMicrotask(written);
    return true;
  }

  receive(bytes: Uint8Array<ArrayBuffer>): void {
    this.emit('data', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  end(): void {
    this.destroy();
  }

  destroy(error?: Error): this {
    if (!this.writable) return this;
    this.writable = false;
    this.parts = [];
    process.nextTick(() => {
      if (error) this.emit('error', error);
      this.emit('end');
      this.emit('close');
    });
    return this;
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  private flush(): void {
    this.scheduled = false;
    if (!this.writable) return;
    const request = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      request.set(part, at);
      at += part.length;
    }
    this.parts = [];
    this.length = 0;
    this.send(request);
  }
}
