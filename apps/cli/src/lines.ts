/** The JSON value of each line. A last line `{"error": problem}` is how a stream says that it failed half-way. */
export async function* splitLines(stream: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  // In pieces: the report of a large import is one line of many chunks.
  let begun: string[] = [];
  for await (const chunk of stream) {
    const [first = '', ...others] = decoder.decode(chunk as Uint8Array, { stream: true }).split('\n');
    begun.push(first);
    for (const next of others) {
      yield* valueOf(begun);
      begun = [next];
    }
  }
  yield* valueOf(begun);
}

function* valueOf(pieces: readonly string[]): Generator<unknown> {
  const line = pieces.join('');
  if (line.trim() !== '') yield JSON.parse(line);
}
