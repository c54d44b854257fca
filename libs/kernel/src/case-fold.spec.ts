import { foldCase } from './case-fold.js';

describe('folding of names', () => {
  it.each([
    ['Lidocaine', '  LIDOCAINE '],
    ['straße', 'STRASSE'],
    ['ΣΊΓΜΑΣ', 'σίγμας'],
    ['lidokain', 'LİDOKAİN'],
    ['lidokain', 'LIDOKAIN'],
    ['vitamin C', 'ｖｉｔａｍｉｎ C'],
    ['é', 'e\u0301'],
  ])('takes %s and %s for the same name', (a, b) => {
    expect(foldCase(a)).toBe(foldCase(b));
  });

  it.each([
    ['biotin', 'biotine'],
    ['hyaluronic acid', 'hyaluronicacid'],
    ['vitamin C', 'vitamin Ç'],
  ])('keeps %s and %s apart', (a, b) => {
    expect(foldCase(a)).not.toBe(foldCase(b));
  });
});
