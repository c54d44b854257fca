/** Rows as aligned columns for a person to read; numbers to the right. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const text = rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell))));
  const widths = headings.map((heading, n) => Math.max(heading.length, ...text.map((row) => (row[n] ?? '').length)));
  const numeric = headings.map((_, n) => rows.length > 0 && rows.every((row) => typeof row[n] === 'number'));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, n) => (numeric[n] ? cell.padStart(widths[n] as number) : cell.padEnd(widths[n] as number)))
      .join('  ')
      .trimEnd();
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...text.map(line)].join('\n');
}
