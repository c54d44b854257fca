import { useQuery } from '@tanstack/react-query';
import { keyOf } from '../api/common.js';
import { SITE_KEY } from '../api/http.js';
import { sitesQuery } from '../api/sites.js';

/** The site somebody works at: the one chosen last, kept on this device. */
export function rememberSite(site: string | undefined): void {
  if (site) localStorage.setItem(SITE_KEY, site);
}

/** The key of the site chosen last, else of the first one; undefined where there is none. */
export function useCurrentSite(): string | undefined {
  const sites = useQuery(sitesQuery).data;
  const remembered = localStorage.getItem(SITE_KEY);
  const site = sites?.find((one) => one.code === remembered || one.id === remembered) ?? sites?.[0];
  return site && keyOf(site);
}
