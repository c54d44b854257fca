import { cpus, totalmem } from 'node:os';

/** The middle of several runs: a machine that is shared gives outliers in both directions. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** One measured figure beside what it should reach. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** `>= 1500` or `<= 2`. */
  readonly target?: string;
  readonly note?: string;
}

export function printMachine(): void {
  const [cpu] = cpus();
  console.log(
    `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}\n`,
  );
}

export function printFigures(figures: readonly Figure[]): void {
  console.log('| figure | measured | target | |');
  console.log('|---|---|---|---|');
  for (const { what, value, unit, target, note } of figures) {
    console.log(
      `| ${what} | ${format(value)} ${unit} | ${target === undefined ? '' : `${target} ${unit}`} | ${verdict(value, target)}${note ? ` ${note}` : ''} |`,
    );
  }
}

const format = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2));

function verdict(value: number, target: string | undefined): string {
  if (target === undefined) return '';
  const [relation, bound] = target.split(' ');
  const reached = relation === '>=' ? value >= Number(bound) : value <= Number(bound);
  return reached ? 'reached' : '**missed**';
}
