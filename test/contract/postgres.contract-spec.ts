import { postgresAdapter } from './adapters/postgres.adapter.js';
import { describeEventStore } from './event-store.contract.js';

const url = process.env.DATABASE_URL;
if (!url) throw new Error('There is no DATABASE_URL. Run this with `npm run test:contract`, which starts a server.');

describeEventStore(postgresAdapter(url));
