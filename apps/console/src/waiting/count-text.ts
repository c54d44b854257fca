interface Counted {
  data: { pages: readonly { items: readonly unknown[] }[] } | undefined;
  hasNextPage: boolean;
}

/** How many wait: `100+` while only the first hundred are loaded, nothing until any are. */
export function countText({ data, hasNextPage }: Counted): string {
  if (!data) return '';
  const loaded = data.pages.reduce((sum, page) => sum + page.items.length, 0);
  return hasNextPage ? `${loaded}+` : String(loaded);
}
