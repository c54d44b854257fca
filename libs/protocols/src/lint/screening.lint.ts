import { foldCase } from '#libs/kernel/src/case-fold.js';
import { ANTICOAGULANTS } from '../built-in/contraindications.js';
import type { FactId } from '../facts.js';
import type { Protocol } from '../protocol.schema.js';
import type { Contraindication, Trigger } from '../screening.schema.js';
import { finding, type ProtocolFinding } from './protocol-finding.js';

type Rules = Pick<Protocol, 'screening' | 'preSession'>;

/** What the health questionnaire asks in every protocol, whatever else it asks. */
const ASKED: readonly FactId[] = ['S0-C1', 'S0-C2', 'S0-C3', 'S0-C4', 'S0-C5', 'S0-C6', 'S0-C7', 'S0-C8', 'S4-C1'];

/**
 * The conditions that published contraindications are about, by the names under which they stand in health records: what one
 * protocol asked for holds under every other.
 */
const CONDITIONS: Partial<Record<FactId, string>> = {
  'S0-C1': 'pregnancy',
  'S0-C2': 'breastfeeding',
  'S0-C3': 'cardiovascular-disease',
  'S0-C4': 'immune-disorder',
  'S0-C6': 'uncontrolled-diabetes',
  'S0-C8': 'severe-psoriasis',
};

/** What is asked again just before every session and rests on no published statement: nothing is injected through it. */
const CHECKED_BY_CODE = ['infection-at-site'] as const;

/** What is asked again just before every session: aspirin, a new medicine, pregnancy. */
const CHECKED: readonly FactId[] = ['S0-P1', 'S4-C1', 'S0-C1'];

/** Pregnancy and an allergy to a planned substance: nobody may treat in spite of them. */
const WITHOUT_OVERRIDE: readonly {
  readonly fact: FactId;
  readonly named: string;
  readonly check: string;
  readonly isTrigger: (trigger: Trigger) => boolean;
}[] = [
  {
    fact: 'S0-C1',
    named: 'Pregnancy',
    check: 'pregnancy',
    isTrigger: (trigger) => trigger.kind === 'condition' && foldCase(trigger.condition) === 'pregnancy',
  },
  {
    fact: 'S0-C5',
    named: 'An allergy to a planned substance',
    check: 'allergy-to-planned-substance',
    isTrigger: (trigger) => trigger.kind === 'allergy-to-ingredient',
  },
];

/** Who may not be treated is asked for, and what nobody may override cannot be overridden. */
export function screeningFindings(protocol: Rules): ProtocolFinding[] {
  return [
    ...missingFindings(protocol),
    ...overrideFindings(protocol),
    ...unlistedFindings(protocol),
    ...triggerFindings(protocol),
  ];
}

function missingFindings({ screening: { contraindications }, preSession: { checks } }: Rules): ProtocolFinding[] {
  const triggered = (kind: Trigger['kind']) => contraindications.some(({ trigger }) => trigger.kind === kind);
  const isAsked = (fact: FactId): boolean => {
    // An allergy and free text are compared with what no code can name, so that their triggers count.
    if (fact === 'S0-C5') return triggered('allergy-to-ingredient');
    if (fact === 'S4-C1') return triggered('unlisted');
    // One that merely cites the statement and asks for something else leaves it unasked.
    return contraindications.some(({ facts, trigger }) => facts.includes(fact) && isAbout(fact, trigger));
  };
  const place = 'screening.contraindications';
  return [
    ...ASKED.filter((fact) => !isAsked(fact)).map((fact) =>
      finding('missing-contraindication', place, `No contraindication stands for ${fact}.`, [fact]),
    ),
    ...CHECKED.filter((fact) => !checks.some(({ facts }) => facts.includes(fact))).map((fact) =>
      finding('missing-check', 'preSession.checks', `No question just before a session stands for ${fact}.`, [fact]),
    ),
    ...CHECKED_BY_CODE.filter((asked) => !checks.some(({ code }) => code === asked)).map((asked) =>
      finding('missing-check', 'preSession.checks', `No question just before a session asks for ${asked}.`),
    ),
  ];
}

const anticoagulants = new Set(ANTICOAGULANTS.map(foldCase));

/** Whether an answer that reveals a contraindication can be the one that a published statement names. */
function isAbout(fact: FactId, trigger: Trigger): boolean {
  if (fact === 'S0-C7')
    return trigger.kind === 'medication' && trigger.names.some((name) => anticoagulants.has(foldCase(name)));
  const condition = CONDITIONS[fact];
  return condition === undefined || (trigger.kind === 'condition' && foldCase(trigger.condition) === condition);
}

function overrideFindings({ screening, preSession }: Rules): ProtocolFinding[] {
  return WITHOUT_OVERRIDE.flatMap(({ fact, named, check, isTrigger }) => {
    const isMeant = ({ facts, trigger }: Contraindication) => facts.includes(fact) || isTrigger(trigger);
    return [
      ...screening.contraindications.flatMap((each, index) => {
        if (!isMeant(each)) return [];
        const place = `screening.contraindications.${index}`;
        return [
          ...(each.overridable
            ? [finding('override-forbidden', `${place}.overridable`, `${named} has no override.`, [fact])]
            : []),
          ...(each.blocking
            ? []
            : [finding('must-block', `${place}.blocking`, `${named} blocks the treatment.`, [fact])]),
        ];
      }),
      ...preSession.checks.flatMap(({ code, facts, overridable }, index) =>
        overridable && (code === check || facts.includes(fact))
          ? [
              finding('override-forbidden', `preSession.checks.${index}.overridable`, `${named} has no override.`, [
                fact,
              ]),
            ]
          : [],
      ),
    ];
  });
}

/** What no list knows is held for a review; nobody can say yet that it forbids anything. */
function unlistedFindings({ screening, preSession }: Rules): ProtocolFinding[] {
  const listed = new Set(
    [
      ...screening.contraindications.flatMap(({ trigger }) => namesOf(trigger)),
      ...preSession.precautions.flatMap(({ names }) => names),
    ].map(foldCase),
  );
  return screening.contraindications.flatMap(({ trigger, blocking }, index) => {
    if (trigger.kind !== 'unlisted') return [];
    const place = `screening.contraindications.${index}`;
    const message = 'What no list knows holds the next session for a review, and does not block it.';
    return [
      ...(blocking ? [finding('unlisted-blocks', `${place}.blocking`, message, ['S4-C1'])] : []),
      ...trigger.harmless.flatMap((name, at) =>
        listed.has(foldCase(name))
          ? [
              finding(
                'harmless-and-listed',
                `${place}.trigger.harmless.${at}`,
                `Another rule of the protocol is about ${name}, so that it is not harmless.`,
              ),
            ]
          : [],
      ),
    ];
  });
}

/** Two contraindications for one answer could differ in what they allow. */
function triggerFindings({ screening: { contraindications } }: Rules): ProtocolFinding[] {
  const seen = new Map<string, string>();
  return contraindications.flatMap(({ code, trigger }, index) =>
    keysOf(trigger).flatMap((key) => {
      const other = seen.get(key);
      if (other === undefined) seen.set(key, code);
      return other === undefined || other === code
        ? []
        : [
            finding(
              'duplicate-trigger',
              `screening.contraindications.${index}.trigger`,
              `${other} stands for the same answer (${key}).`,
            ),
          ];
    }),
  );
}

const keysOf = (trigger: Trigger): string[] => {
  const names = namesOf(trigger).map((name) => `${trigger.kind} ${foldCase(name)}`);
  return names.length > 0 ? names : [trigger.kind];
};

function namesOf(trigger: Trigger): readonly string[] {
  if (trigger.kind === 'condition') return [trigger.condition];
  return trigger.kind === 'medication' ? trigger.names : [];
}
