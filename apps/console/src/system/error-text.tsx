/** About two lines of a table. */
const SHORT_CHARACTERS = 140;

/** What went wrong, in short, and all of it on demand: some errors list every field of an event. */
export function ErrorText({ text, after = '' }: { text: string; after?: string }) {
  const line = text.replaceAll(/\s+/g, ' ');
  if (line.length <= SHORT_CHARACTERS) {
    return <span className="block max-w-xl text-xs break-words text-iodine">{line + after}</span>;
  }
  return (
    <details className="max-w-xl text-xs font-normal text-iodine">
      <summary className="break-words">{`${line.slice(0, SHORT_CHARACTERS).replace(/[\s,.…]+$/, '')}…${after}`}</summary>
      <span className="mt-1 block break-words whitespace-pre-line">{text}</span>
    </details>
  );
}
