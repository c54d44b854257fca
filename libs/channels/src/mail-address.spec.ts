import fc from 'fast-check';
import { headerText } from './header-text.js';
import { domainOf, mailAddress } from './mail-address.js';

describe('an address', () => {
  it.each([
    ['ayse@example.org', 'ayse@example.org'],
    [' ayse+sms.x@Example.ORG ', 'ayse+sms.x@example.org'],
    ["o'brien@example.co.uk", "o'brien@example.co.uk"],
    ['ayşe@örnek.com', 'ayşe@xn--rnek-4qa.com'],
  ])('%j is %s', (text, address) => expect(mailAddress(text)).toBe(address));

  it.each([
    ...[
      '',
      'ayse',
      '@example.org',
      'ayse@',
      'a@b@example.org',
      'ayse@localhost',
      'ayse@example..org',
      'ayse@-example.org',
    ],
    ...[
      'Ayse <ayse@example.org>',
      'a@example.org,b@example.org',
      'a@example.org;b',
      'a b@example.org',
      '"a b"@example.org',
    ],
    ...[
      'a@example.org\r\nRCPT TO:<b@example.org>',
      'a\0@example.org',
      'a@[127.0.0.1]',
      `${'a'.repeat(65)}@example.org`,
    ],
    ...[`a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.example.org`],
  ])('%j is none', (text) => expect(mailAddress(text)).toBeNull());

  it('is one word around one @, whatever came in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (local, domain) => {
        const address = mailAddress(`${local}@${domain}.org`);
        if (address === null) return;
        expect(address).toMatch(/^[^\s<>,;:"@]+@[a-z0-9.-]+$/u);
        expect(domainOf(address)).toMatch(/\.org$/);
      }),
    );
  });
});

describe('text of a header', () => {
  it('is one line without control characters and marks that turn text around', () => {
    expect(headerText('Klinik\r\nBcc: eve@example.net')).toBe('Klinik Bcc: eve@example.net');
    expect(headerText('a\0\u0085\u2028b\u202Ec\ud800')).toBe('a b c\uFFFD');
    expect(headerText('  Klinik Işık 💉 ')).toBe('Klinik Işık 💉');
  });

  it('is cut between characters', () => {
    expect([...headerText('💉'.repeat(300))]).toHaveLength(200);
  });
});
