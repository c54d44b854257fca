/** Every fact id that stands under a `facts` anywhere in a protocol. */
export function citedFacts(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(value)) for (const item of value) citedFacts(item, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (name === 'facts' && Array.isArray(member)) for (const id of member) found.add(String(id));
      else citedFacts(member, found);
    }
  }
  return found;
}
