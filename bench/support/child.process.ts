/** The other end of `Child`: one call at a time, until it is told to close or its parent is gone. */
const module = process.argv[2] as string;
const { open } = (await import(`./${module}.js`)) as { open: (options: unknown) => Promise<Record<string, Method>> };
type Method = (...args: unknown[]) => Promise<unknown>;

let subject: Record<string, Method> | undefined;

process.on('disconnect', () => process.exit(1));
process.on('message', ({ method, args }: { method: string; args: unknown[] }) => {
  void answer(method, args);
});

async function answer(method: string, args: unknown[]): Promise<void> {
  try {
    if (method === 'open') {
      subject = await open(args[0]);
      process.send?.({});
      return;
    }
    const value = await subject?.[method]?.(...args);
    // Leaves by itself, so that a CPU profile is written.
    if (method === 'close') process.exit(0);
    process.send?.({ value });
  } catch (error) {
    if (method === 'close') process.exit(1);
    process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
