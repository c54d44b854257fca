import { pgliteAdapter } from './adapters/pglite.adapter.js';
import { describeEventStore } from './event-store.contract.js';

describeEventStore(pgliteAdapter);
