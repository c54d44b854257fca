#!/usr/bin/env node
// The `pistor` command. In a checkout it builds the server first when sources have changed; nothing of that is written
// to stdout, which belongs to the command (`--json` must print JSON alone).
import { becomeCli, ensureBuilt } from '../scripts/prebuilt.mjs';

await ensureBuilt(['server']);
await becomeCli(process.argv.slice(2));
