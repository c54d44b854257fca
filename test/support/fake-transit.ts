import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/*
 * Vault's transit engine as far as Pistor asks of it, written after its HTTP API documentation: keys that are made by their
 * first use, versions, batches with an error for each part, `min_decryption_version`, `trim`. It really encrypts.
 */

interface Key {
  /** By version, from 1. */
  readonly versions: Map<number, Buffer>;
  latest: number;
  minDecryption: number;
  minEncryption: number;
  minAvailable: number;
}

export interface FakeTransit {
  readonly address: string;
  readonly token: string;
  readonly keys: Map<string, Key>;
  /** `METHOD path` of each request, in order. */
  readonly asked: string[];
  /** Answers nothing to requests from now on, or again. */
  silent: boolean;
  /** Answers this to every request; null: as usual. */
  refusal: { status: number; errors: string[] } | null;
  close(): Promise<void>;
}

export async function startFakeTransit(): Promise<FakeTransit> {
  const fake = { token: `hvs.${randomBytes(12).toString('hex')}`, keys: new Map<string, Key>(), asked: [] as string[] };
  const state = { silent: false, refusal: null as FakeTransit['refusal'] };
  const server: Server = createServer((request, response) => {
    void readBody(request).then((body) => {
      fake.asked.push(`${request.method} ${request.url}`);
      if (state.silent) return;
      if (state.refusal) return answer(response, state.refusal.status, { errors: state.refusal.errors });
      if (request.headers['x-vault-token'] !== fake.token)
        return answer(response, 403, { errors: ['permission denied'] });
      handle(fake.keys, request, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, fake, {
    address: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
}

const answer = (response: ServerResponse, status: number, body?: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
};

function handle(
  keys: Map<string, Key>,
  { method, url }: IncomingMessage,
  body: Record<string, unknown>,
  response: ServerResponse,
): void {
  const path = url!.replace('/v1/transit/', '');
  if (method === 'GET' && path === 'keys?list=true') {
    if (keys.size === 0) return answer(response, 404, { errors: [] });
    return answer(response, 200, { data: { keys: [...keys.keys()] } });
  }
  const [what, name, act] = path.split('/') as [string, string, string | undefined];
  const known = keys.get(name);
  if (what === 'keys' && method === 'GET') {
    if (!known) return answer(response, 404, { errors: [] });
    return answer(response, 200, {
      data: {
        name,
        latest_version: known.latest,
        min_decryption_version: known.minDecryption,
        min_encryption_version: known.minEncryption,
        min_available_version: known.minAvailable,
      },
    });
  }
  if (what === 'keys' && known && act === 'rotate') {
    known.latest += 1;
    known.versions.set(known.latest, randomBytes(32));
    return answer(response, 204);
  }
  if (what === 'keys' && known && act === 'config') {
    const { min_decryption_version: decryption, min_encryption_version: encryption } = body as Record<string, number>;
    if ((decryption ?? 0) > known.latest)
      return answer(response, 400, { errors: ['cannot set min decryption version to one higher than latest'] });
    known.minDecryption = decryption ?? known.minDecryption;
    known.minEncryption = encryption ?? known.minEncryption;
    return answer(response, 204);
  }
  if (what === 'keys' && known && act === 'trim') {
    const least = body['min_available_version'] as number;
    if (known.minEncryption === 0 || least > known.minDecryption || least > known.minEncryption)
      return answer(response, 400, {
        errors: ['minimum available version cannot be higher than minimum encryption or decryption version'],
      });
    for (const version of known.versions.keys()) if (version < least) known.versions.delete(version);
    known.minAvailable = least;
    return answer(response, 204);
  }
  if (what === 'encrypt' || what === 'decrypt') return crypt(keys, what, name, body, response);
  answer(response, 404, { errors: [] });
}

function crypt(
  keys: Map<string, Key>,
  what: 'encrypt' | 'decrypt',
  name: string,
  body: Record<string, unknown>,
  response: ServerResponse,
): void {
  let key = keys.get(name);
  if (!key) {
    if (what === 'decrypt') return answer(response, 400, { errors: ['encryption key not found'] });
    key = { versions: new Map([[1, randomBytes(32)]]), latest: 1, minDecryption: 1, minEncryption: 0, minAvailable: 0 };
    keys.set(name, key);
  }
  const parts = body['batch_input'] as { plaintext?: string; ciphertext?: string; key_version?: number }[];
  const results = parts.map((part) => (what === 'encrypt' ? encrypt(key, part) : decrypt(key, part)));
  answer(response, results.some((each) => 'error' in each) ? 400 : 200, { data: { batch_results: results } });
}

function encrypt(key: Key, { plaintext, key_version: asked }: { plaintext?: string; key_version?: number }) {
  // Vault takes the latest where none is named with the part; beside the batch it is not looked at.
  const version = asked ?? key.latest;
  const material = key.versions.get(version);
  if (!material || version < key.minEncryption) return { error: 'requested version for encryption is not allowed' };
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', material, nonce);
  const sealed = Buffer.concat([cipher.update(Buffer.from(plaintext!, 'base64')), cipher.final()]);
  return {
    ciphertext: `vault:v${version}:${Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64')}`,
    key_version: version,
  };
}

function decrypt(key: Key, { ciphertext }: { ciphertext?: string }) {
  const [, version, text] = /^vault:v(\d+):(.+)$/.exec(ciphertext!) ?? [];
  if (version === undefined) return { error: 'invalid ciphertext: no prefix' };
  if (Number(version) < key.minDecryption)
    return { error: 'ciphertext or signature version is disallowed by policy (too old)' };
  const material = key.versions.get(Number(version));
  if (!material) return { error: 'invalid ciphertext: version is too new' };
  const bytes = Buffer.from(text!, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', material, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return {
      plaintext: Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('base64'),
    };
  } catch {
    return { error: 'cipher: message authentication failed' };
  }
}
