import type { ChainVerdict } from './verify-database.js';
import type { Finding } from './findings.js';

/** What a verdict does not say, in plain words. Nobody should take `valid` for more than it is. */
export function notShownBy(verdict: ChainVerdict): string[] {
  const { outside, beside, keysGiven, ledgerSize, head, signed, readsToo } = verdict;
  return [
    ...(outside > 0
      ? []
      : [
          'That the whole was not made anew, or put back to an older backup: whoever rules the database can change rows, ' +
            `tiles and checkpoints together${beside > 0 ? ', and the files beside it' : ''}. Give a checkpoint from elsewhere (--checkpoint).`,
        ]),
    ...(keysGiven ? [] : ['That the keys are the chain’s: they were taken from the database. Give yours (--key).']),
    ...(signed === 0 && ledgerSize > 0
      ? ['That the chain stands by it: no checkpoint is signed by a key that is known.']
      : []),
    ...(head > ledgerSize
      ? [`That the last ${head - ledgerSize} events are as they were recorded: the ledger has not committed them yet.`]
      : []),
    ...(readsToo
      ? []
      : ['Who has seen whose data: no reads are on record in it, nor in its ledger, as an older version leaves it.']),
  ];
}

/** A verdict in words. */
export function verdictText(verdict: ChainVerdict): string {
  const { chain, outcome, events, committed, checkpoints, signed, outside, beside, findings, findingsCount, erased } =
    verdict;
  if (outcome === 'invalid') {
    const more = findingsCount > findings.length ? [`… and ${findingsCount - findings.length} more.`] : [];
    return [`${chain}: INVALID.`, ...findings.map(findingText), ...more, ''].join('\n');
  }
  const said = [
    `${chain}: VALID. ${events} events, each as it was committed, in their order and without a gap; ${committed} of them under ` +
      `${checkpoints} checkpoints whose roots they give, signed up to ${signed}.`,
    ...(outside > 0
      ? [`The history goes on from ${outside} checkpoint${outside === 1 ? '' : 's'} from elsewhere.`]
      : []),
    ...(beside > 0 ? [`So it does from ${beside} in the folder beside it.`] : []),
    ...(erased > 0
      ? [`The personal data of ${erased} person${erased === 1 ? '' : 's'} was erased; their events are all there.`]
      : []),
  ];
  const open = notShownBy(verdict).map((text) => `- ${text}`);
  return [...said, ...(open.length > 0 ? ['Not shown by this:', ...open] : []), ''].join('\n');
}

function findingText({ position, until, what }: Finding): string {
  if (position === null) return what;
  return `${position === until ? `Position ${position}` : `Positions ${position} to ${until}`}: ${what}`;
}
