import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { EVENT_BYTES_MAX } from '#libs/event-store/src/codec.js';
import { Invalid } from '#libs/kernel/src/errors.js';

/** Where the keys of buckets stand. */
export type KeyVaultConfiguration =
  /** One file in `keysFolder`, which Pistor changes itself. */
  | { readonly kind: 'file' }
  /** Versions as `1:HEX`, in the environment or in a file that something else mounts; an operator changes them. */
  | { readonly kind: 'secret'; readonly text: string | undefined; readonly file: string | undefined }
  | {
      readonly kind: 'transit';
      readonly address: string;
      readonly token: string | undefined;
      readonly tokenFile: string | undefined;
      readonly mount: string;
      readonly prefix: string;
      readonly namespace: string | undefined;
    };

/** How this process was told to run, from its environment and its command line. */
export interface Configuration {
  /** `embedded`: PGlite in `dataFolder`. `scaled-out`: the servers named by the URLs. */
  readonly mode: 'embedded' | 'scaled-out';
  readonly dataFolder: string;
  readonly databaseUrl: string | undefined;
  /** The login that owns the tables, where that of `databaseUrl` does not. */
  readonly databaseOwnerUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Where events are kept instead of the database; everything else stays there. */
  readonly kurrentdbUrl: string | undefined;
  /** Works with an event store that cannot check several streams at once. */
  readonly allowUnguarded: boolean;
  /** Bytes that an event may have. */
  readonly eventBytesMax: number;
  readonly masterKeyFile: string;
  /** Where the bucket keys of a file stand, what is left of changed buckets, and the register of erasures. */
  readonly keysFolder: string;
  readonly keyVault: KeyVaultConfiguration;
  /** Where the ledger's signing keys stand, where its checkpoints are written, and who co-signs them (`<vkey> <url>`, …). */
  readonly ledgerKeyFile: string;
  readonly ledgerFolder: string;
  readonly witnesses: string | undefined;
  readonly host: string;
  readonly port: number;
  /** Addresses of proxies before us, single or as networks: what they say of where a request comes from is believed. */
  readonly trustedProxies: readonly string[];
  /** A sandbox chain has a clock that its user advances. */
  readonly sandbox: boolean;
}

// An empty value means the same as none: compose files and shells set variables that way.
const optional = z
  .string()
  .optional()
  .transform((value) => (value === '' ? undefined : value));

// What the client connects with; it reads the rest itself, since several hosts make no URL.
const KURRENTDB_SCHEME = /^\s*(?:kurrentdb|kurrent|kdb|esdb)(?:\+discover)?:\/\/\S+\s*$/;

/** A session with all its notes stays under 50 kB, but a smaller bound would refuse usual events. */
const EVENT_BYTES_LEAST = 10_000;
/** Pages are counted in events: with 16 MB each, a hundred of them are as much as a process can hold. */
const EVENT_BYTES_MOST = 16_000_000;

const PROXY_ADDRESS =
  'addresses or networks such as 10.0.0.7 or 10.0.0.0/24, parted by commas; no network of more than 2^16 addresses';
/** Bits of a network of 65,536 addresses: who trusts more trusts strangers, who would name any address as theirs. */
const PREFIX_LEAST: Readonly<Record<number, number>> = { 4: 16, 6: 112 };

function isProxyAddress(text: string): boolean {
  const [, address = '', prefix] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return false;
  return (
    prefix === undefined ||
    (Number(prefix) >= (PREFIX_LEAST[family] as number) && Number(prefix) <= (family === 4 ? 32 : 128))
  );
}

const environmentSchema = z.object({
  PORT: optional
    .transform((value) => (value === undefined ? 3000 : Number(value)))
    .pipe(z.int('a port number').min(0).max(65_535)),
  PISTOR_HOST: optional.pipe(z.string().default('127.0.0.1')),
  PISTOR_TRUSTED_PROXIES: optional
    .transform((value) =>
      (value ?? '')
        .split(',')
        .map((each) => each.trim())
        .filter(Boolean),
    )
    .pipe(z.array(z.string().refine(isProxyAddress, PROXY_ADDRESS)).max(20)),
  PISTOR_DATA: optional.pipe(z.string().default('data')),
  PISTOR_MASTER_KEY_FILE: optional,
  PISTOR_LEDGER_KEY_FILE: optional,
  PISTOR_LEDGER_FOLDER: optional,
  PISTOR_WITNESSES: optional,
  PISTOR_KEYS_FOLDER: optional,
  PISTOR_KEY_VAULT: optional.pipe(z.enum(['file', 'secret', 'transit']).default('file')),
  PISTOR_BUCKET_KEYS: optional,
  PISTOR_BUCKET_KEYS_FILE: optional,
  VAULT_ADDR: optional.pipe(z.url({ protocol: /^https?$/ }).optional()),
  VAULT_TOKEN: optional,
  VAULT_TOKEN_FILE: optional,
  VAULT_NAMESPACE: optional,
  PISTOR_VAULT_MOUNT: optional.pipe(
    z
      .string()
      .regex(/^[\w-]+(?:\/[\w-]+)*$/)
      .default('transit'),
  ),
  PISTOR_VAULT_PREFIX: optional.pipe(
    z
      .string()
      .regex(/^[\w-]+$/)
      .default('pistor'),
  ),
  PISTOR_EVENT_BYTES_MAX: optional
    .transform((value) => (value === undefined ? EVENT_BYTES_MAX : Number(value)))
    .pipe(z.int('a number of bytes').min(EVENT_BYTES_LEAST).max(EVENT_BYTES_MOST)),
  PISTOR_SANDBOX: optional.pipe(z.enum(['true', 'false']).default('true')),
  DATABASE_URL: optional.pipe(z.url({ protocol: /^postgres(ql)?$/ }).optional()),
  DATABASE_OWNER_URL: optional.pipe(z.url({ protocol: /^postgres(ql)?$/ }).optional()),
  REDIS_URL: optional.pipe(z.url({ protocol: /^rediss?$/ }).optional()),
  KURRENTDB_URL: optional.pipe(
    z
      .string()
      .regex(
        KURRENTDB_SCHEME,
        'begins with kurrentdb:// or kurrentdb+discover:// (kurrent, kdb and esdb are known, too)',
      )
      .optional(),
  ),
  PISTOR_ALLOW_UNGUARDED: optional.pipe(z.enum(['true', 'false']).default('false')),
});

/**
 * Reads and checks the environment.
 * @throws Invalid `configuration.invalid`, naming each variable that must be mended
 */
export function readConfiguration(
  environment: NodeJS.ProcessEnv,
  options: {
    readonly dataFolder?: string | undefined;
    readonly port?: number | undefined;
    readonly allowUnguarded?: boolean | undefined;
  } = {},
): Configuration {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));
    throw new Invalid(
      'configuration.invalid',
      `Mend the environment: ${fields.map((f) => `${f.field}: ${f.message}`).join('; ')}`,
      {
        fields,
      },
    );
  }
  const env = parsed.data;
  const dataFolder = resolve(options.dataFolder ?? env.PISTOR_DATA);
  const masterKeyFile = resolve(env.PISTOR_MASTER_KEY_FILE ?? join(dataFolder, 'master.key'));
  // A folder that is named on the command line is meant, whatever server the environment names.
  const databaseUrl = options.dataFolder === undefined ? env.DATABASE_URL : undefined;
  return {
    mode: databaseUrl === undefined ? 'embedded' : 'scaled-out',
    dataFolder,
    databaseUrl,
    databaseOwnerUrl: options.dataFolder === undefined ? env.DATABASE_OWNER_URL : undefined,
    redisUrl: options.dataFolder === undefined ? env.REDIS_URL : undefined,
    kurrentdbUrl: options.dataFolder === undefined ? env.KURRENTDB_URL : undefined,
    allowUnguarded: options.allowUnguarded ?? env.PISTOR_ALLOW_UNGUARDED === 'true',
    eventBytesMax: env.PISTOR_EVENT_BYTES_MAX,
    masterKeyFile,
    ledgerKeyFile: resolve(env.PISTOR_LEDGER_KEY_FILE ?? join(dirname(masterKeyFile), 'ledger.key')),
    ledgerFolder: resolve(env.PISTOR_LEDGER_FOLDER ?? join(dataFolder, 'ledger')),
    witnesses: env.PISTOR_WITNESSES,
    keysFolder: resolve(env.PISTOR_KEYS_FOLDER ?? join(dirname(masterKeyFile), 'keys')),
    keyVault: keyVaultOf(env),
    host: env.PISTOR_HOST,
    trustedProxies: env.PISTOR_TRUSTED_PROXIES,
    port: options.port ?? env.PORT,
    sandbox: env.PISTOR_SANDBOX === 'true',
  };
}

/** @throws Invalid `configuration.invalid` where the vault that was chosen cannot be found with what was given */
function keyVaultOf(env: z.output<typeof environmentSchema>): KeyVaultConfiguration {
  const missing = (field: string, message: string) =>
    new Invalid('configuration.invalid', `Mend the environment: ${field}: ${message}`, {
      fields: [{ field, message }],
    });
  switch (env.PISTOR_KEY_VAULT) {
    case 'file':
      return { kind: 'file' };
    case 'secret': {
      const { PISTOR_BUCKET_KEYS: text, PISTOR_BUCKET_KEYS_FILE: file } = env;
      if ((text === undefined) === (file === undefined))
        throw missing('PISTOR_BUCKET_KEYS', 'with PISTOR_KEY_VAULT=secret, give this or PISTOR_BUCKET_KEYS_FILE');
      return { kind: 'secret', text, file };
    }
    case 'transit': {
      const { VAULT_ADDR: address, VAULT_TOKEN: token, VAULT_TOKEN_FILE: tokenFile } = env;
      if (address === undefined) throw missing('VAULT_ADDR', 'with PISTOR_KEY_VAULT=transit, name the server of Vault');
      if ((token === undefined) === (tokenFile === undefined))
        throw missing('VAULT_TOKEN', 'with PISTOR_KEY_VAULT=transit, give this or VAULT_TOKEN_FILE');
      const { PISTOR_VAULT_MOUNT: mount, PISTOR_VAULT_PREFIX: prefix, VAULT_NAMESPACE: namespace } = env;
      return { kind: 'transit', address, token, tokenFile, mount, prefix, namespace };
    }
  }
}
