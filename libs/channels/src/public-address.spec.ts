import { isPublicAddress, publicHost } from './public-address.js';

it.each([
  '8.8.8.8',
  '93.184.215.14',
  '172.32.0.1',
  '192.169.0.1',
  '100.128.0.1',
  '2606:4700:4700::1111',
  '2a00:1450::1',
])('%s is an address of the internet', async (address) => expect(await isPublicAddress(address)).toBe(true));

it.each([
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  ...['169.254.169.254', '100.64.0.1', '100.127.255.255', '224.0.0.1', '239.1.1.1', '255.255.255.255', '240.0.0.1'],
  ...['192.0.0.8', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1'],
  ...['::1', '::', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:a00:1', '::127.0.0.1', '::7f00:1', '64:ff9b::a00:1'],
  ...[
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'fc00::1',
    'fd00::1',
  ],
  ...['ff02::1', '100::1', '4000::1', 'not an address', ''],
])('%s is none', async (address) => expect(await isPublicAddress(address)).toBe(false));

it('looks a name up once and at every address that it has', async () => {
  const looked: string[] = [];
  const resolve = async (hostname: string) => {
    looked.push(hostname);
    return [
      { address: '8.8.8.8', family: 4 },
      { address: '::1', family: 6 },
    ];
  };
  expect(await publicHost('hooks.example.com', false, resolve)).toEqual({ kind: 'private' });
  expect(await publicHost('hooks.example.com', true, resolve)).toMatchObject({ kind: 'public' });
  expect(looked).toEqual(['hooks.example.com', 'hooks.example.com']);
});

it('says when there is no such name, or a name without addresses', async () => {
  const failing = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
  expect(await publicHost('hooks.invalid', false, failing)).toEqual({ kind: 'unresolved', problem: 'ENOTFOUND' });
  expect(await publicHost('hooks.invalid', false, async () => [])).toMatchObject({ kind: 'unresolved' });
});
