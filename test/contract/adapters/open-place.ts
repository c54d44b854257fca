import type { Place, PlaceLocation } from '../support/event-store.adapter.js';

/** The place that another process made. It must not be removed from here. */
export async function openPlace(location: PlaceLocation): Promise<Place> {
  const keep = () => Promise.resolve();
  switch (location.kind) {
    case 'pglite': {
      const { PglitePlace } = await import('./pglite.adapter.js');
      return new PglitePlace(location.folder);
    }
    case 'postgres': {
      const { PostgresPlace } = await import('./postgres.adapter.js');
      return new PostgresPlace(location.url, keep);
    }
    case 'kurrentdb': {
      const { KurrentDbPlace } = await import('./kurrentdb.adapter.js');
      return new KurrentDbPlace(location.url, location.databaseUrl, keep);
    }
  }
}
