import { Command } from 'commander';

/** Runs the command line in this process. @returns what it printed, and the exit code that it set */
export async function runCommand(
  commands: readonly ((program: Command) => void)[],
  args: readonly string[],
): Promise<{ said: string; code: number }> {
  let said = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text: unknown, done?: unknown) => {
    said += String(text);
    if (typeof done === 'function') (done as () => void)();
    return true;
  });
  try {
    const program = new Command('pistor').exitOverride().configureOutput({ writeErr: () => undefined });
    for (const add of commands) add(program);
    await program.parseAsync(['node', 'pistor', ...args]);
  } finally {
    write.mockRestore();
  }
  return { said, code: Number(process.exitCode ?? 0) };
}
