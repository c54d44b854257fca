/** What of a session says where somebody works. */
export interface Grants {
  readonly grants: readonly { readonly role: string; readonly site: string | null }[];
}

/** Lists that show one site to whoever works at some of them only. */
const BY_SITE: ReadonlySet<string> = new Set(
  [
    ...[
      'patients',
      'patients/search',
      'courses',
      'maintenance',
      'messages',
      'messages/counts',
      'outbox',
      'slots',
      'tasks',
    ],
    ...['adverse-events', 'lots', 'break-glass'],
  ].map((name) => `/v1/${name}`),
);

export const isListBySite = (path: string): boolean => BY_SITE.has(path);

/** The sites that somebody works at; null: all of them. */
export function sitesOf({ grants }: Grants): ReadonlySet<string> | null {
  const ofStaff = grants.filter(({ role }) => role !== 'patient');
  if (ofStaff.some(({ site }) => site === null)) return null;
  return new Set(ofStaff.flatMap(({ site }) => site ?? []));
}

/**
 * The site that a list is about where nobody chose one: the one chosen last, or the first. Undefined for whoever works at
 * all sites, and for whoever works at one, which the server knows.
 */
export function ownSite(session: Grants, remembered: string | null): string | undefined {
  const sites = [...(sitesOf(session) ?? [])];
  if (sites.length < 2) return undefined;
  return sites.find((site) => site === remembered) ?? sites[0];
}
