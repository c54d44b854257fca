import type { Command } from 'commander';
import { print } from '../list.command.js';

export function addOpenApi(program: Command): void {
  program
    .command('openapi')
    .description('print the OpenAPI document of the HTTP API')
    .action(async () => {
      const { openApiDocument } = await import('#apps/api/src/openapi.js');
      await print(`${JSON.stringify(await openApiDocument(), null, 2)}\n`);
    });
}
