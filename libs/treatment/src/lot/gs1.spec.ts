import fc from 'fast-check';
import { readScan } from './gs1.js';
import { checkDigit, readGtin } from './gtin.js';

const GTIN = '08690000000012';
const ON = '2026-01-05';
const GS = '\u001d';

const read = (text: string, on = ON) => {
  const scan = readScan(text, on);
  if ('problems' in scan) throw new Error(scan.problems.join(' '));
  return scan.lot;
};
const problemsOf = (text: string): string => {
  const scan = readScan(text, ON);
  return 'problems' in scan ? scan.problems.join(' ') : 'none';
};

const SCANNED = { gtin: GTIN, lotNumber: 'GL24-080A', expiresOn: '2027-12-31', serial: 'S/1' };

describe('a scanned code', () => {
  it.each([
    ['GS1 DataMatrix', `]d201${GTIN}1727123110GL24-080A${GS}21S/1`],
    ['GS1-128', `]C101${GTIN}1727123110GL24-080A${GS}21S/1`],
    ['an element string without symbology identifier', `01${GTIN}1727123110GL24-080A${GS}21S/1`],
    ['one that begins with FNC1', `${GS}01${GTIN}1727123110GL24-080A${GS}21S/1`],
    ['one with the separator in writing', `01${GTIN}1727123110GL24-080A<GS>21S/1`],
    ['other elements between', `01${GTIN}1125010117271231240X9${GS}10GL24-080A${GS}21S/1`],
    ['the human readable form', `(01)${GTIN}(17)271231(10)GL24-080A(21)S/1`],
    ['a Digital Link', `https://id.gs1.org/01/${GTIN}/10/GL24-080A/21/S%2F1?17=271231`],
    ['a Digital Link of the manufacturer', `https://example.com/a/b/01/${GTIN}/10/GL24-080A/21/S%2F1?x=1&17=271231`],
    ['a Digital Link with a short GTIN', `https://id.gs1.org/01/8690000000012/10/GL24-080A/21/S%2F1?17=271231`],
  ])('is read as %s', (_form, text) => {
    expect(read(text)).toEqual(SCANNED);
  });

  it('takes day 00 for the last day of the month, in leap years too', () => {
    expect(read(`01${GTIN}1728020010A`).expiresOn).toBe('2028-02-29');
    expect(read(`01${GTIN}1727020010A`).expiresOn).toBe('2027-02-28');
  });

  it('finds the century of a year of two digits within 49 years back and 50 ahead', () => {
    expect(read(`01${GTIN}1776010110A`).expiresOn).toBe('2076-01-01');
    expect(read(`01${GTIN}1777010110A`).expiresOn).toBe('1977-01-01');
    expect(read(`01${GTIN}1702010110A`, '2090-01-01').expiresOn).toBe('2102-01-01');
  });

  it.each([
    ['nothing of GS1', 'GL24080A', /no GS1 element string/],
    ['an address without a product number', 'https://example.com/10/GL24', /no GS1 Digital Link/],
    ['an address with a broken escape', `https://id.gs1.org/01/${GTIN}/10/%E0%A4?17=271231`, /percent sign/],
    ['no product number', '1727123110A', /no product number \(01\)/],
    ['no lot number', `01${GTIN}17271231`, /no lot number \(10\)/],
    ['no expiry', `01${GTIN}10A`, /no expiry \(17\)/],
    ['a wrong check digit', '01086900000000171727123110A', /product number \(01\) must be a GTIN/],
    ['a day that no calendar has', `01${GTIN}1727023010A`, /expiry \(17\) must be YYMMDD/],
    ['a month that no calendar has', `01${GTIN}1727130010A`, /expiry \(17\) must be YYMMDD/],
    ['a lot number without its separator', `01${GTIN}1727123110GL2408021ABCDEFGHIJKLMNOP`, /FNC1/],
    ['two lots at once', `01${GTIN}1727123110A${GS}10B`, /\(10\) twice/],
  ])('[lot.scan] says what is to be mended in %s', (_what, text, problem) => {
    expect(problemsOf(text)).toMatch(problem);
  });

  it('names everything that is to be mended at once', () => {
    expect(problemsOf('01086900000000171727023010A')).toMatch(/\(01\).*\(17\)/);
  });

  const text = fc.stringMatching(/^[A-Za-z0-9._/-]{1,20}$/);
  const lot = fc.record({
    gtin: fc.stringMatching(/^\d{13}$/).map((digits) => digits + checkDigit(digits)),
    lotNumber: text,
    serial: fc.option(text, { nil: undefined }),
    expiresOn: fc
      .date({ min: new Date('2020-01-01'), max: new Date('2070-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
  });
  const yymmdd = (date: string) => date.slice(2).replaceAll('-', '');

  it('gives back what was encoded in it, in each of its forms', () => {
    fc.assert(
      fc.property(lot, (given) => {
        const { gtin, lotNumber, serial } = given;
        const expiry = yymmdd(given.expiresOn);
        const forms = [
          `]d201${gtin}17${expiry}10${lotNumber}${serial === undefined ? '' : `${GS}21${serial}`}`,
          `(01)${gtin}(17)${expiry}(10)${lotNumber}${serial === undefined ? '' : `(21)${serial}`}`,
          `https://id.gs1.org/01/${gtin}/10/${encodeURIComponent(lotNumber)}${
            serial === undefined ? '' : `/21/${encodeURIComponent(serial)}`
          }?17=${expiry}`,
        ];
        for (const form of forms) expect(read(form)).toEqual(given);
      }),
    );
  });

  it('reads any text as a lot or says what is wrong, and never both', () => {
    fc.assert(
      fc.property(fc.string(), (any) => {
        const scan = readScan(any, ON);
        expect('lot' in scan).toBe(!('problems' in scan && scan.problems.length > 0));
      }),
    );
  });
});

describe('a GTIN', () => {
  it.each([
    ['8 digits', '96385074', '00000096385074'],
    ['12 digits', '614141000036', '00614141000036'],
    ['13 digits', '4006381333931', '04006381333931'],
    ['14 digits', '10614141000415', '10614141000415'],
  ])('of %s is kept with 14', (_length, text, kept) => {
    expect(readGtin(text)).toBe(kept);
  });

  it('[lot.gtin] is none with another number of digits, or with anything but digits', () => {
    for (const text of ['', '4006381', '614141000', '40063813339', '104006381333931', '400638133393X']) {
      expect(readGtin(text)).toBeUndefined();
    }
  });

  it('[lot.gtin] shows every single wrong digit by its check digit', () => {
    const digits = fc.stringMatching(/^\d{13}$/);
    const place = fc.nat(13);
    const shift = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(digits, place, shift, (thirteen, at, by) => {
        const right = thirteen + checkDigit(thirteen);
        const wrong = [...right].map((digit, n) => (n === at ? String((Number(digit) + by) % 10) : digit)).join('');
        expect(readGtin(right)).toBe(right);
        expect(readGtin(wrong)).toBeUndefined();
      }),
    );
  });
});
