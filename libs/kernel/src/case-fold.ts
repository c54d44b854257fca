/**
 * Brings names of substances and conditions, as people type them, to one spelling for comparison: outer blanks, letter
 * case, ligatures and full-width forms do not count (`ß` = `SS`, final sigma = sigma). Dotted and dotless `i` are one
 * letter here: a Turkish keyboard gives `LİDOKAİN` and `LIDOKAIN` for the same substance, and a missed allergy is worse
 * than one found too often.
 */
export function foldCase(text: string): string {
  const folded = text.normalize('NFKC').trim().toUpperCase().toLowerCase();
  return folded
    .normalize('NFKD')
    .replace(/i\u0307/g, 'i')
    .replaceAll('ς', 'σ')
    .normalize('NFKC');
}
