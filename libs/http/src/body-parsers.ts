import { SetMetadata } from '@nestjs/common';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { Transform, type TransformCallback, pipeline } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem } from './http-problem.js';

/** A command is a form; the largest, a session with all its products and notes, stays under 50 kB. */
export const JSON_BYTES_MAX = 1024 * 1024;
/** The history of a large chain, 5 million lines of about 300 bytes, is some 300 MB zipped. */
export const ZIP_BYTES_MAX = 2 * 1024 ** 3;

/** What a provider tells of an SMS stays under 10 kB. */
export const FORM_BYTES_MAX = 64 * 1024;

const ZIP = 'application/zip';
const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';
const ANY_FORM = 'a form';

/** For handlers with `@Req() request` that take a zip: `request.body` is a Readable, and never in memory as a whole. */
export const TakesZip = (): MethodDecorator => SetMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { takes: ZIP });

/**
 * For handlers with `@Req() request` that are called by a provider which sends forms: `request.body` is URLSearchParams.
 * A page of any other site can send a form as well, so such a handler does nothing before it has checked a signature.
 */
export const TakesForm = (): MethodDecorator => SetMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { takes: FORM });

/**
 * For handlers that a form of any kind may be sent to and that look at none of it: the address says everything. One-click
 * unsubscription (RFC 8058) comes as multipart, too.
 */
export const TakesAnyForm = (): MethodDecorator => SetMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { takes: ANY_FORM });

/** JSON, and zip or a form where a route takes it. Anything else is 415: what a form of a foreign page can send, above all. */
export function addBodyParsers(instance: FastifyInstance): void {
  const parseJson = instance.getDefaultJsonParser('error', 'error');
  instance.removeAllContentTypeParsers();
  const json = { parseAs: 'string', bodyLimit: JSON_BYTES_MAX } as const;
  instance.addContentTypeParser<string>('application/json', json, (request, body, done) => {
    if (takes(request) !== undefined) return done(notTaken(`Send ${takes(request)}.`));
    // Commands without a body are often sent with the header of the others.
    if (body === '') return done(null, undefined);
    void parseJson(request, body, done);
  });
  const form = { parseAs: 'string', bodyLimit: FORM_BYTES_MAX } as const;
  instance.addContentTypeParser<string>(FORM, form, (request, body, done) => {
    if (takes(request) === ANY_FORM) return done(null, undefined);
    if (takes(request) !== FORM) return done(notTaken(`Send ${takes(request) ?? 'application/json'}.`));
    done(null, new URLSearchParams(body));
  });
  instance.addContentTypeParser<string>(MULTIPART, form, (request, _body, done) => {
    if (takes(request) === ANY_FORM) return done(null, undefined);
    done(notTaken(`Send ${takes(request) ?? 'application/json'}.`));
  });
  instance.addContentTypeParser(ZIP, { bodyLimit: ZIP_BYTES_MAX }, (request, payload, done) => {
    if (takes(request) !== ZIP) return done(notTaken(`Send ${takes(request) ?? 'application/json'}.`));
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > ZIP_BYTES_MAX) return done(tooLarge());
    const limited = new LimitBytes(ZIP_BYTES_MAX);
    pipeline(payload, limited, () => {
      // The reader of `limited` gets the error.
    });
    done(null, limited);
  });
}

/** Fails as soon as more has come than may come, whatever the header said. */
export class LimitBytes extends Transform {
  private bytes = 0;

  constructor(private readonly bytesMax: number) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.bytesMax) callback(tooLarge());
    else callback(null, chunk);
  }
}

const takes = (request: FastifyRequest): string | undefined =>
  (request.routeOptions.config as { takes?: string }).takes;

const notTaken = (message: string): HttpProblem => new HttpProblem(415, 'request.media-type', message);

const tooLarge = (): HttpProblem =>
  new HttpProblem(413, 'request.too-large', `At most ${ZIP_BYTES_MAX} bytes are taken.`);
