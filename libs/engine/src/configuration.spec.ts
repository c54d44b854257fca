import { Invalid } from '#libs/kernel/src/errors.js';
import { readConfiguration } from './configuration.js';

/** The variable that is complained of. */
function complaint(environment: NodeJS.ProcessEnv): string | undefined {
  try {
    readConfiguration(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(Invalid);
    return (error as Invalid).fields.map(({ field }) => field).join();
  }
  return undefined;
}

describe('the configuration', () => {
  it('keeps everything in ./data when the environment says nothing', () => {
    expect(readConfiguration({})).toMatchObject({
      mode: 'embedded',
      databaseUrl: undefined,
      redisUrl: undefined,
      kurrentdbUrl: undefined,
      allowUnguarded: false,
      host: '127.0.0.1',
      port: 3000,
      sandbox: true,
    });
  });

  it.each([
    'kurrentdb://127.0.0.1:2113?tls=false',
    'kurrentdb+discover://admin:changeit@cluster.example.org',
    'kurrent://a:2113,b:2113,c:2113?tls=true',
    'kdb://localhost',
    'esdb://localhost:2113',
    'esdb+discover://cluster.example.org',
  ])('takes %s for the event store, whatever keeps the rest', (url) => {
    expect(readConfiguration({ KURRENTDB_URL: url })).toMatchObject({ mode: 'embedded', kurrentdbUrl: url });
    const scaledOut = readConfiguration({ KURRENTDB_URL: url, DATABASE_URL: 'postgres://localhost/pistor' });
    expect(scaledOut).toMatchObject({ mode: 'scaled-out', kurrentdbUrl: url });
  });

  it.each(['http://127.0.0.1:2113', 'localhost:2113', 'kurrentdb:127.0.0.1', 'kurrentdb://', 'tcp://localhost:1113'])(
    'refuses %s for the event store',
    (url) => expect(complaint({ KURRENTDB_URL: url })).toBe('KURRENTDB_URL'),
  );

  it('takes an empty variable for none, as compose files set them', () => {
    const empty = { KURRENTDB_URL: '', PISTOR_ALLOW_UNGUARDED: '', DATABASE_URL: '', REDIS_URL: '', PORT: '' };
    expect(readConfiguration(empty)).toEqual(readConfiguration({}));
  });

  it('lets a folder that is named on the command line win over every server of the environment', () => {
    const environment = {
      DATABASE_URL: 'postgres://localhost/pistor',
      REDIS_URL: 'redis://localhost',
      KURRENTDB_URL: 'kurrentdb://localhost',
    };
    expect(readConfiguration(environment, { dataFolder: '/tmp/x' })).toMatchObject({
      mode: 'embedded',
      dataFolder: '/tmp/x',
      databaseUrl: undefined,
      redisUrl: undefined,
      kurrentdbUrl: undefined,
    });
  });

  it('does without checks of several streams only when told to, in the environment or on the command line', () => {
    expect(readConfiguration({ PISTOR_ALLOW_UNGUARDED: 'true' }).allowUnguarded).toBe(true);
    expect(readConfiguration({ PISTOR_ALLOW_UNGUARDED: 'false' }).allowUnguarded).toBe(false);
    expect(readConfiguration({}, { allowUnguarded: true }).allowUnguarded).toBe(true);
    expect(complaint({ PISTOR_ALLOW_UNGUARDED: 'yes' })).toBe('PISTOR_ALLOW_UNGUARDED');
  });

  it.each([
    ['10000', 10_000],
    ['16000000', 16_000_000],
    ['', 1_000_000],
    [undefined, 1_000_000],
  ])('lets an event have as many bytes as told: %p', (text, bytes) => {
    expect(readConfiguration({ PISTOR_EVENT_BYTES_MAX: text }).eventBytesMax).toBe(bytes);
  });

  it.each(['9999', '16000001', '1 MB', '20000.5', '-1'])('refuses %p for the bytes of an event', (text) => {
    expect(complaint({ PISTOR_EVENT_BYTES_MAX: text })).toBe('PISTOR_EVENT_BYTES_MAX');
  });

  it('trusts the proxies that are named, and no others', () => {
    expect(readConfiguration({}).trustedProxies).toEqual([]);
    const { trustedProxies } = readConfiguration({ PISTOR_TRUSTED_PROXIES: '10.0.0.7, 10.1.0.0/16,2001:db8::1' });
    expect(trustedProxies).toEqual(['10.0.0.7', '10.1.0.0/16', '2001:db8::1']);
  });

  it.each([
    'true',
    'loopback',
    'proxy.example',
    '0.0.0.0/0',
    '10.0.0.0/8',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.7/',
    '1.2.3',
  ])('refuses %s for a proxy: a name can be anybody’s, and a wide network is everybody', (text) =>
    expect(complaint({ PISTOR_TRUSTED_PROXIES: text })).toBe('PISTOR_TRUSTED_PROXIES.0'),
  );

  it('names every variable that must be mended', () => {
    expect(complaint({ PORT: '99999', DATABASE_URL: 'mysql://localhost', REDIS_URL: 'x' })).toBe(
      'PORT,DATABASE_URL,REDIS_URL',
    );
  });
});
