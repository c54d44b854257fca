// `npm start`: builds what is stale, then runs the server in this process. Arguments after `--` go to `pistor start`.
import { becomeCli, ensureBuilt } from './prebuilt.mjs';

await ensureBuilt(['server', 'console']);
await becomeCli(['start', ...process.argv.slice(2)]);
