import { createInterface } from 'node:readline';

/** The JSON value of each line. A last line `{"error": problem}` is how a stream says that it failed half-way. */
export async function* splitLines(stream: NodeJS.ReadableStream): AsyncGenerator<unknown> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (line.trim() !== '') yield JSON.parse(line);
  }
}
