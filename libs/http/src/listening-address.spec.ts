import { assertMayListen, parsePort } from './listening-address.js';

describe('the address to listen on', () => {
  it('is 127.0.0.1', () => expect(() => assertMayListen('127.0.0.1', false, undefined)).not.toThrow());

  it('is any other where people sign in, once it is said under which name they come', () => {
    expect(() => assertMayListen('0.0.0.0', true, 'https://pistor.example.com')).not.toThrow();
    expect(() => assertMayListen('0.0.0.0', true, undefined)).toThrow(/PISTOR_PUBLIC_URL/);
  });

  it.each(['0.0.0.0', '::', '::1', 'localhost', '127.0.0.2', '10.0.0.1', '', 'example.org'])(
    'is not %j where nobody signs in',
    (host) => {
      expect(() => assertMayListen(host, false, 'https://pistor.example.com')).toThrow(
        expect.objectContaining({ code: 'address.not-loopback', message: expect.stringContaining('127.0.0.1') }),
      );
    },
  );

  it('has a port that is one', () => {
    expect([parsePort('0'), parsePort('3000'), parsePort('65535')]).toEqual([0, 3000, 65_535]);
    for (const text of ['', '-1', '65536', '3e3', ' 80', 'http']) expect(() => parsePort(text)).toThrow(/PORT/);
  });
});
