/** Names that are shown at most: who mistyped one looks for one. */
const NAMES_MAX = 5;
/** Longer names are no slips of the pen, and comparing costs the product of the lengths. */
const CHARS_MAX = 80;

/** The known names that somebody may have meant, the nearest first; none where nothing is near. */
export function nearNames(meant: string, known: Iterable<string>): string[] {
  const name = meant.slice(0, CHARS_MAX).toLowerCase();
  const most = Math.max(2, Math.floor(name.length / 3));
  return [...known]
    .map((each) => ({ each, far: distance(name, each.toLowerCase()) }))
    .filter(({ each, far }) => far <= most || (name.length >= 4 && each.toLowerCase().includes(name)))
    .sort((a, b) => a.far - b.far)
    .slice(0, NAMES_MAX)
    .map(({ each }) => each);
}

/** How many letters must be put in, left out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (above[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    above = row;
  }
  return above[b.length] as number;
}
