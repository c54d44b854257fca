// A process that says what the KurrentDB server of KURRENTDB_URL can, with a new database of DATABASE_URL beside it.
import { createPlaceOnServer } from '../adapters/postgres.adapter.js';
import { KurrentDbPlace } from '../adapters/kurrentdb.adapter.js';

async function main(): Promise<void> {
  const { KURRENTDB_URL, DATABASE_URL } = process.env as Record<string, string>;
  const beside = await createPlaceOnServer(DATABASE_URL as string);
  const place = new KurrentDbPlace(KURRENTDB_URL as string, beside.databaseUrl, () => beside.remove());
  try {
    const { store } = await place.open();
    console.log(`capabilities ${JSON.stringify(store.capabilities)}`);
  } finally {
    await place.remove();
  }
}

main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
