type Visited<Value> = readonly [path: string, value: Value];

/** Everything inside a protocol with its path, so that a check reaches rules that are added to the schema later. */
export function* valuesIn(value: unknown, path = ''): Generator<Visited<unknown>> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) yield* valuesIn(child, path === '' ? key : `${path}.${key}`);
}

/** Every object inside a protocol with its path; lists are passed through. */
export function* objectsIn(value: unknown): Generator<Visited<Readonly<Record<string, unknown>>>> {
  for (const [path, each] of valuesIn(value)) {
    if (typeof each === 'object' && each !== null && !Array.isArray(each)) {
      yield [path, each as Readonly<Record<string, unknown>>];
    }
  }
}
