/** How long something took, and how much of a processor this process used for it, its garbage collector included. */
export interface Elapsed {
  readonly seconds: number;
  /** What other work on the machine lengthens far less. */
  readonly cpuSeconds: number;
}

/** Starts to measure. @returns what has elapsed since then, whenever it is asked */
export function stopwatch(): () => Elapsed {
  const since = performance.now();
  const cpuSince = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpuSince);
    return { seconds: (performance.now() - since) / 1000, cpuSeconds: (user + system) / 1e6 };
  };
}
