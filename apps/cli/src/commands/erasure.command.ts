import type { Command } from 'commander';
import { asList, print, printList } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

interface Named {
  readonly id: string;
  readonly code: string | null;
  readonly name: string | null;
}

interface ErasureItem {
  readonly patient: Named;
  readonly erasureId: string;
  readonly state: string;
  readonly ground: string;
  readonly requestedBy: string;
  readonly requestedAt: string;
  readonly decidedBy: string | null;
  readonly finalAt: string | null;
  readonly todo: string | null;
}

interface Proposal {
  readonly patient: Named;
  readonly registrations: readonly string[];
  readonly keptUntil: string;
}

interface Standing {
  readonly state: string;
  readonly registrations: readonly string[];
  readonly request: { readonly erasureId: string; readonly ground: string; readonly by: string } | null;
  readonly holds: readonly { readonly holdId: string; readonly by: string; readonly at: string }[];
  readonly keptUntil: string | null;
  readonly against: readonly string[];
  readonly erased: { readonly erasureId: string; readonly finalAt: string | null; readonly todo: string | null } | null;
}

interface ListOptions extends TargetOptions {
  readonly json?: boolean;
  readonly state?: string;
}

interface ActOptions extends TargetOptions {
  readonly ground: string;
  readonly reason: string;
  readonly asSecondPerson?: boolean;
}

const AS_SECOND_PERSON = 'of a sandbox, which has one user: decide as its second person';

/** Erasures and legal holds. */
export function addErasure(program: Command): void {
  const erasure = program.command('erasure').description('patients who are, or are to be, erased');
  asList(erasure.command('list', { isDefault: true }))
    .description('every erasure that was asked for, newest first, and what became of it')
    .option('--state <state>', 'requested, declined or erased')
    .action(list);
  asList(erasure.command('proposals')).description('patients whose record need not be kept any more').action(proposals);
  withTarget(erasure.command('status').argument('<patient>', 'code or id'))
    .description('whether a patient is, may be or is to be erased')
    .option('--json', 'as one JSON object')
    .action(status);
  withTarget(erasure.command('request').argument('<patient>', 'code or id'))
    .description('ask for an erasure, as the first of two people')
    .requiredOption('--ground <ground>', 'patient-asked, retention-ended, registered-by-mistake or other')
    .requiredOption('--reason <text>', 'in words; they go with the person')
    .action((patient: string, { ground, reason, ...target }: ActOptions) =>
      act(target, patient, 'erasure-requests', { ground, reason }, (id) => `erasure ${id} waits for a second person`),
    );
  withTarget(erasure.command('confirm').argument('<patient>', 'code or id').argument('<erasure>', 'its id'))
    .description('erase a patient, as the second of two people; it cannot be undone')
    .option('--as-second-person', AS_SECOND_PERSON)
    .action((patient: string, erasureId: string, { asSecondPerson, ...target }: ActOptions) =>
      act(
        target,
        patient,
        'erasure-requests/confirm',
        { erasure: erasureId, asSecondPerson },
        () => 'erased: nothing of the person can be read any more',
      ),
    );
  withTarget(erasure.command('decline').argument('<patient>', 'code or id').argument('<erasure>', 'its id'))
    .description('say that a patient is not to be erased, or take a request back')
    .requiredOption('--reason <text>', 'in words')
    .option('--as-second-person', AS_SECOND_PERSON)
    .action((patient: string, erasureId: string, { reason, asSecondPerson, ...target }: ActOptions) =>
      act(
        target,
        patient,
        'erasure-requests/decline',
        { erasure: erasureId, reason, asSecondPerson },
        () => 'declined',
      ),
    );

  const hold = program.command('legal-hold').description('what keeps a record from being erased');
  withTarget(hold.command('set').argument('<patient>', 'code or id'))
    .description('keep a patient’s record from being erased')
    .requiredOption('--reason <text>', 'in words')
    .action((patient: string, { reason, ...target }: ActOptions) =>
      act(target, patient, 'legal-holds', { reason }, (id) => `legal hold ${id} is set`),
    );
  withTarget(hold.command('lift').argument('<patient>', 'code or id').argument('<hold>', 'its id'))
    .description('lift a legal hold')
    .requiredOption('--reason <text>', 'in words')
    .action((patient: string, holdId: string, { reason, ...target }: ActOptions) =>
      act(target, patient, `legal-holds/${encodeURIComponent(holdId)}/lift`, { reason }, () => 'lifted'),
    );
}

const list = ({ state, ...options }: ListOptions): Promise<void> =>
  printList<ErasureItem>(options, {
    path: '/v1/erasure/requests',
    query: { state },
    json: (item) => item,
    headings: ['erasure', 'patient', 'state', 'ground', 'asked for', 'by', 'decided by', 'final', 'to do'],
    row: (item) => [
      item.erasureId,
      nameOf(item.patient),
      item.state,
      item.ground,
      minute(item.requestedAt),
      item.requestedBy,
      item.decidedBy,
      item.finalAt && minute(item.finalAt),
      item.todo,
    ],
    empty: 'Nobody has asked for an erasure.',
  });

const proposals = (options: ListOptions): Promise<void> =>
  printList<Proposal>(options, {
    path: '/v1/erasure/proposals',
    query: {},
    json: (item) => item,
    headings: ['id', 'patient', 'registrations', 'kept until'],
    row: ({ patient, registrations, keptUntil }) => [
      patient.id,
      nameOf(patient),
      String(registrations.length),
      keptUntil,
    ],
    empty: 'Every record still has to be kept.',
  });

const status = (patient: string, { json, ...target }: ListOptions): Promise<void> =>
  withClient(target, async (client) => {
    const standing = (await client.request('GET', `/v1/patients/${encodeURIComponent(patient)}/erasure`)) as Standing;
    await print(json ? `${JSON.stringify(standing)}\n` : tell(standing));
  });

function tell({ state, registrations, request, holds, keptUntil, against, erased }: Standing): string {
  const lines = [
    `state: ${state}`,
    `registrations: ${registrations.join(', ')}`,
    ...(keptUntil === null ? [] : [`kept until: ${keptUntil}`]),
    ...(request === null ? [] : [`asked for by ${request.by} (${request.ground}): ${request.erasureId}`]),
    ...holds.map(({ holdId, by, at }) => `legal hold ${holdId}, set by ${by} at ${minute(at)}`),
    ...(against.length === 0 ? [] : [`stands against it: ${against.join(', ')}`]),
    ...(erased === null
      ? []
      : [`erasure ${erased.erasureId}, final: ${erased.finalAt ? minute(erased.finalAt) : 'not yet'}`]),
    ...(erased?.todo ? [`to do: ${erased.todo}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const act = (
  target: TargetOptions,
  patient: string,
  what: string,
  body: object,
  done: (id: string) => string,
): Promise<void> =>
  withClient(target, async (client) => {
    const path = `/v1/patients/${encodeURIComponent(patient)}/${what}`;
    const { id } = (await client.request('POST', path, body)) as { id: string };
    await print(`${patient}: ${done(id)}\n`);
  });

const nameOf = ({ id, code, name }: Named): string => name ?? code ?? `${id} (erased)`;
const minute = (instant: string): string => instant.slice(0, 16).replace('T', ' ');
