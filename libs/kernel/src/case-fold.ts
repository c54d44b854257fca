/**
 * Brings names of substances and conditions, as people type them, to one spelling for comparison: outer blanks, letter
 * case, ligatures and full-width forms do not count (`ß` = `SS`, final sigma = sigma). Dotted and dotless `i` are one
 * letter here: a Turkish keyboard gives `LİDOKAİN` and `LIDOKAIN` for the same substance, and a missed allergy is worse
 * than one found too often.
 */
export function foldCase(text: string): string {
  const known = folds.get(text);
  if (known !== undefined) return known;
  const folded = fold(text);
  if (folds.size >= KNOWN_MAX) folds.clear();
  folds.set(text, folded);
  return folded;
}

/** The same few hundred names of substances are compared all day; folding one takes 2 µs. */
const folds = new Map<string, string>();
const KNOWN_MAX = 5_000;

function fold(text: string): string {
  const folded = text.normalize('NFKC').trim().toUpperCase().toLowerCase();
  return folded
    .normalize('NFKD')
    .replace(/i\u0307/g, 'i')
    .replaceAll('ς', 'σ')
    .normalize('NFKC');
}
