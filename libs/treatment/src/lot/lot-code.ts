/** The code under which a lot at a site is found. */
export const lotCode = (siteId: string, product: string, lotNumber: string): string =>
  `${siteId}/${product}/${lotNumber}`;
