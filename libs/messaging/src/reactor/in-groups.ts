/**
 * Does something for each item, a bounded number at a time: enough that the store's group commit takes them together,
 * few enough that a page of a large import does not hold everything in memory.
 */
export async function inGroups<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  groupMax = 64,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += groupMax) {
    results.push(...(await Promise.all(items.slice(from, from + groupMax).map(work))));
  }
  return results;
}
