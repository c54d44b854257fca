import { SingleBar } from 'cli-progress';

export interface ProgressBar {
  update(value: number, total: number, note?: string): void;
  stop(): void;
}

/** A bar on stderr, so that stdout stays the answer; nothing where nobody is looking. */
export function progressBar(title: string, unit: string): ProgressBar {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: `${title} {bar} {percentage}% · {value}/{total} ${unit} · {note} {eta_formatted} left`,
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: false,
  });
  let started = false;
  return {
    update(value, total, note = '') {
      if (started) bar.setTotal(total);
      else bar.start(total, value, { note });
      started = true;
      bar.update(value, { note });
    },
    stop() {
      if (started) bar.stop();
      started = false;
    },
  };
}
