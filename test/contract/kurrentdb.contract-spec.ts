import { askForCapabilities, kurrentDbAdapter } from './adapters/kurrentdb.adapter.js';
import { describeEventStore, skipEventStore } from './event-store.contract.js';

const { KURRENTDB_URL: url = '', DATABASE_URL: databaseUrl = '' } = process.env;

if (url) describeEventStore(kurrentDbAdapter(url, databaseUrl, askForCapabilities(url, databaseUrl)));
else {
  skipEventStore(
    kurrentDbAdapter(url, databaseUrl),
    'KURRENTDB_URL is not set',
    'Run it on any server with: KURRENTDB_URL=… npm run test:contract',
  );
}
