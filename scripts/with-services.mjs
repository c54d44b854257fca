/**
 * Runs a command with DATABASE_URL and REDIS_URL set:
 *
 *     node scripts/with-services.mjs [--postgres] COMMAND [ARGUMENT ...]
 *
 * Those that are set already are used as they are; for the others a throw-away server is started and stopped again. With
 * `--postgres` it is DATABASE_URL alone.
 */
import { spawn } from 'node:child_process';
import { startPostgres, startRedis } from './services.mjs';

const onlyPostgres = process.argv[2] === '--postgres';
const [command, ...args] = process.argv.slice(onlyPostgres ? 3 : 2);
if (command === undefined) {
  console.error('Usage: node scripts/with-services.mjs [--postgres] COMMAND [ARGUMENT ...]');
  process.exit(2);
}

const starters = { DATABASE_URL: startPostgres, ...(!onlyPostgres && { REDIS_URL: startRedis }) };
const services = [];
const env = { ...process.env };
let child;
let interrupted = false;

// Without these, an interrupt would end this process and leave the servers behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    child?.kill(signal);
  });
}

try {
  for (const [name, start] of Object.entries(starters)) {
    if (env[name]) continue;
    const service = await start();
    services.push(service);
    env[name] = service.url;
  }
  process.exitCode = interrupted ? 130 : await runCommand();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await Promise.all(services.map((service) => service.stop()));
}

function runCommand() {
  return new Promise((resolve, reject) => {
    child = spawn(command, args, { stdio: 'inherit', env });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 130));
  });
}
