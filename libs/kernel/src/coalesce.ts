interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one question of many: what is asked while an answer is under way waits and goes together in the next. Alone, a
 * question is asked at once; under load the number of round trips stays the same and each carries more.
 */
export class Coalesce<Request, Answer> {
  private waiting: Waiting<Request, Answer>[] = [];
  private running = false;

  /**
   * @param ask gives an answer for each request, in their order; when it fails, it fails for all of them
   * @param requestsMax how many go together at most
   */
  constructor(
    private readonly ask: (requests: readonly Request[]) => Promise<readonly Answer[]>,
    private readonly requestsMax: number,
  ) {}

  get(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      if (this.running) return;
      this.running = true;
      // Everything that is asked in this turn of the loop goes together.
      queueMicrotask(() => void this.run());
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.requestsMax);
      try {
        const answers = await this.ask(batch.map(({ request }) => request));
        batch.forEach(({ resolve }, n) => resolve(answers[n] as Answer));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.running = false;
  }
}
