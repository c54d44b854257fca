/** An event as the API tells it; personal data is not in it. */
export interface ToldEvent {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly recordedAt: string;
  readonly origin: string;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly boxes: readonly string[];
}

/** Most types are shorter; a longer one only moves what stands behind it. */
const TYPE_WIDTH = 24;
const POSITION_WIDTH = 8;
/** Characters that a terminal may take for commands, and line ends that JSON leaves as they are. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029]/g;

/** A line for people: they read the log as it comes, so its columns cannot wait for the widest. */
export function eventLine(event: ToldEvent, columns: number | undefined): string {
  const { position, recordedAt, type, stream, revision, origin, data, boxes } = event;
  const line = [
    String(position).padStart(POSITION_WIDTH),
    recordedAt.slice(0, 19).replace('T', ' '),
    type.padEnd(TYPE_WIDTH),
    `${stream}/${revision}`,
    ...(origin === 'import' ? ['(import)'] : []),
    ...(boxes.length > 0 ? [`[${boxes.join(' ')} closed]`] : []),
    data === null ? '(cannot be read)' : JSON.stringify(data),
  ].join('  ');
  const safe = line.replace(UNSAFE, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return columns !== undefined && safe.length > columns ? `${safe.slice(0, Math.max(1, columns - 1))}…` : safe;
}
