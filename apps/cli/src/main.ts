import { Command, CommanderError } from 'commander';
import { tellFailure } from '#libs/composition/src/run-until-signal.js';
import { addApiKeys } from './commands/api-keys.command.js';
import { addBackup } from './commands/backup.command.js';
import { addCourses } from './commands/courses.command.js';
import { addDisclosures } from './commands/disclosures.command.js';
import { addDispatch } from './commands/dispatch.command.js';
import { addEvidence } from './commands/evidence.command.js';
import { addErasure } from './commands/erasure.command.js';
import { addEvents } from './commands/events.command.js';
import { addImport } from './commands/import.command.js';
import { addLedger } from './commands/ledger.command.js';
import { addKeys } from './commands/keys.command.js';
import { addLots } from './commands/lots.command.js';
import { addMaintenance } from './commands/maintenance.command.js';
import { addMessages } from './commands/messages.command.js';
import { addMigrate } from './commands/migrate.command.js';
import { addOpenApi } from './commands/openapi.command.js';
import { addProjections } from './commands/projections.command.js';
import { addProtocols } from './commands/protocols.command.js';
import { addRecall } from './commands/recall.command.js';
import { addReport } from './commands/report.command.js';
import { addRestore } from './commands/restore.command.js';
import { addSignatures } from './commands/signatures.command.js';
import { addStart } from './commands/start.command.js';
import { addTasks } from './commands/tasks.command.js';
import { addTimeline } from './commands/timeline.command.js';
import { addUsers } from './commands/users.command.js';
import { addVerify } from './commands/verify.command.js';
import { addWitness } from './commands/witness.command.js';
import { addZones } from './commands/zones.command.js';
import { ProblemAnswered } from './client.js';

// `pistor courses | head` is done when its reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const program = new Command('pistor')
  .description('The book of record for treatment courses at chains of clinics.')
  .showHelpAfterError()
  .exitOverride();

for (const add of [
  addStart,
  addImport,
  addCourses,
  addMaintenance,
  addLots,
  addRecall,
  addProtocols,
  addTimeline,
  addTasks,
  addErasure,
  addMessages,
  addDisclosures,
  addSignatures,
  addDispatch,
  addZones,
  addEvents,
  addProjections,
  addUsers,
  addApiKeys,
  addLedger,
  addWitness,
  addKeys,
  addMigrate,
  addBackup,
  addRestore,
  addEvidence,
  addReport,
  addVerify,
  addOpenApi,
])
  add(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    tell(error);
    process.exitCode = 1;
  }
}

function tell(error: unknown): void {
  if (!(error instanceof ProblemAnswered)) return tellFailure(error);
  process.stderr.write(`${error.message}\n`);
  for (const { field, message } of error.problem.fields ?? []) process.stderr.write(`  ${field}: ${message}\n`);
}
