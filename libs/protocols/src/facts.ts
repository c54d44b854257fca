/**
 * What five published descriptions of mesotherapy state, as facts with an id each. A rule of a protocol cites those it
 * rests on. Where the sources disagree both statements stay, each on its own protocol, and nothing is averaged.
 */

/** The published descriptions, by the prefix of their facts' ids. */
export const SOURCES = {
  S0: { subject: 'Mesotherapy in general, with its types, contraindications and precautions' },
  S1: { subject: 'Facial mesotherapy, with its course and maintenance rhythm' },
  S2: { subject: "The patient's way: consultation, practitioner, procedure, follow-up" },
  S3: { subject: 'How it is applied: examination, tests, planning, injection, check-ups' },
  S4: { subject: 'Questions and answers: duration, series, side effects, longevity' },
} as const satisfies Record<string, { readonly subject: string }>;

export type SourceId = keyof typeof SOURCES;

type Span<T> = { readonly min?: T; readonly max?: T };

/** One published statement. Durations are ISO 8601, lengths say their unit, and absent means that it is not stated. */
export interface Fact {
  readonly id: `${SourceId}-${string}`;
  readonly kind: string;
  readonly value?: string | readonly string[];
  readonly appliesTo?: string | readonly string[];
  readonly area?: readonly string[];
  readonly indications?: readonly string[];
  readonly ingredients?: readonly string[];
  readonly sameMethodAs?: string;
  readonly from?: string;
  readonly reason?: string;
  readonly rule?: string;
  readonly note?: string;
  /** Counted back from the session. */
  readonly before?: string;
  /** How long it holds after the session. */
  readonly for?: string | Span<string>;
  readonly after?: string;
  readonly sessions?: Span<number>;
  readonly intervalDays?: Span<number>;
  readonly minutes?: Span<number>;
  readonly millimetres?: Span<number>;
  readonly angle?: string;
  readonly decidedBy?: string;
  readonly adjustedFor?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly anchor?: string;
  readonly window?: Span<string>;
  readonly firstDue?: string;
  readonly every?: Span<string>;
  readonly lasts?: Span<string>;
  readonly then?: string;
  readonly visibleAfterSession?: number;
  readonly fullAfterSessions?: Span<number>;
  readonly order?: readonly string[];
  readonly devices?: readonly string[];
  readonly records?: readonly string[];
  readonly requires?: readonly string[];
  readonly purpose?: string | readonly string[];
  readonly course?: string;
  readonly frequency?: string;
  readonly relief?: string;
  readonly dressing?: string;
  readonly per?: string;
}

export const FACTS = [
  {
    id: 'S0-T1',
    kind: 'procedure-type',
    value: 'facial',
    indications: ['dehydration', 'dark circles or puffiness around the eyes', 'sagging', 'discolouration'],
  },
  { id: 'S0-T2', kind: 'procedure-type', value: 'hair', area: ['scalp'], indications: ['hair loss'] },
  {
    id: 'S0-T3',
    kind: 'procedure-type',
    value: 'slimming-and-cellulite',
    area: ['abdomen', 'hips', 'thighs'],
    ingredients: ['phosphatidylcholine', 'lipase'],
    indications: ['localised fat', 'cellulite'],
  },
  {
    id: 'S0-T4',
    kind: 'procedure-type',
    value: 'chin-and-neck-fat',
    area: ['double chin', 'neck'],
    sameMethodAs: 'S0-T3',
  },
  {
    id: 'S0-I1',
    kind: 'indication',
    value: ['dry skin', 'melasma', 'sun spots', 'acne scars, above all depressed ones'],
  },
  { id: 'S0-D1', kind: 'injection-layer', value: 'between epidermis and dermis' },
  { id: 'S0-C1', kind: 'contraindication', value: 'pregnancy' },
  { id: 'S0-C2', kind: 'contraindication', value: 'breastfeeding' },
  { id: 'S0-C3', kind: 'contraindication', value: 'cardiovascular disease' },
  { id: 'S0-C4', kind: 'contraindication', value: 'immune system disorder' },
  { id: 'S0-C5', kind: 'contraindication', value: 'history of allergy or sensitivity to specific drugs or substances' },
  { id: 'S0-C6', kind: 'contraindication', value: 'uncontrolled diabetes' },
  { id: 'S0-C7', kind: 'contraindication', value: 'anticoagulant medication', reason: 'haematoma and bleeding' },
  { id: 'S0-C8', kind: 'contraindication', value: 'severe, advanced psoriasis' },
  { id: 'S0-P1', kind: 'precaution', value: 'no aspirin or other NSAID', before: 'P7D', appliesTo: 'every type' },
  { id: 'S0-A1', kind: 'aftercare', value: 'do not wash the face or shower', for: 'PT24H', appliesTo: ['facial'] },
  { id: 'S0-A2', kind: 'aftercare', value: 'use sunscreen, avoid direct sunlight' },
  { id: 'S0-A3', kind: 'aftercare', value: 'drink fluids, water above all', for: 'PT24H' },
  { id: 'S0-A4', kind: 'aftercare', value: 'no aspirin, no vitamin E', for: 'PT24H' },
  {
    id: 'S0-N1',
    kind: 'series',
    sessions: { min: 4 },
    intervalDays: { min: 7, max: 10 },
    decidedBy: 'the treating physician',
  },
  {
    id: 'S0-G1',
    kind: 'ingredient-origin',
    value: 'phosphatidylcholine',
    from: 'soy lecithin',
    note: 'matters for a soy allergy',
  },
  {
    id: 'S0-G2',
    kind: 'ingredient-class',
    value: ['vitamins', 'amino acids', 'growth factors', 'minerals', 'enzymes', 'hormones', 'plant extracts'],
  },
  {
    id: 'S0-D2',
    kind: 'injection-layer',
    value: 'beneath the skin',
    appliesTo: ['slimming-and-cellulite', 'chin-and-neck-fat'],
  },
  {
    id: 'S1-N1',
    kind: 'series',
    appliesTo: ['facial'],
    sessions: { min: 4, max: 5 },
    intervalDays: { min: 14, max: 14 },
    adjustedFor: ['problem', 'age', 'skin condition', 'severity'],
    note: 'more sessions may be needed for older or heavily worn skin; the full effect usually shows after 4 to 6',
  },
  { id: 'S1-M1', kind: 'repeat-course', anchor: 'the end of the regular sessions', window: { min: 'P3M', max: 'P6M' } },
  {
    id: 'S1-M2',
    kind: 'maintenance',
    anchor: 'the start of the treatment',
    firstDue: 'P3M',
    every: { min: 'P2M', max: 'P6M' },
  },
  { id: 'S1-E1', kind: 'effect', visibleAfterSession: 1, lasts: { min: 'P2M', max: 'P4M' } },
  { id: 'S1-A1', kind: 'aftercare', value: 'do not wash the treated area', for: 'PT24H' },
  { id: 'S1-A2', kind: 'aftercare', value: 'no direct sunlight', for: 'PT24H' },
  { id: 'S1-A3', kind: 'aftercare', value: 'no solarium, Turkish bath or sauna', for: 'PT24H' },
  {
    id: 'S1-A4',
    kind: 'aftercare',
    value: 'drink plenty of water',
    note: 'no duration stated; said right after the 24 h items',
  },
  { id: 'S1-A5', kind: 'aftercare', value: 'no exercise', note: 'no duration stated; said right after the 24 h items' },
  {
    id: 'S1-S1',
    kind: 'procedure-step',
    order: [
      'cleanse off make-up and dirt',
      'disinfect',
      'numb with a local anaesthetic cream',
      'inject the cocktail chosen for the patient',
    ],
    devices: ['needle', 'microneedle device'],
  },
  {
    id: 'S1-I1',
    kind: 'indication',
    value: [
      'lost radiance',
      'wrinkles',
      'sagging',
      'smoking damage',
      'sun damage',
      'spots',
      'pimples and scars',
      'stretch marks',
    ],
  },
  {
    id: 'S1-G1',
    kind: 'preparation',
    value: 'the cocktail is prepared for the person',
    ingredients: ['hyaluronic acid', 'vitamins', 'minerals', 'amino acids', 'antioxidants'],
  },
  { id: 'S1-E2', kind: 'effect', fullAfterSessions: { min: 4, max: 6 } },
  { id: 'S1-T1', kind: 'procedure-type', value: 'facial', area: ['face', 'neck', 'under the eye'] },
  { id: 'S1-D1', kind: 'injection-layer', value: 'into or onto the skin' },
  { id: 'S2-V1', kind: 'consultation', records: ['goals', 'expectations', 'concerns'] },
  { id: 'S2-Q1', kind: 'practitioner', requires: ['qualification', 'experience', 'credentials and certification'] },
  { id: 'S2-F1', kind: 'follow-up', purpose: ['monitor progress', 'adjust the treatment plan'] },
  {
    id: 'S2-B1',
    kind: 'reference-material',
    value: 'before-and-after pictures',
    purpose: 'to judge skill and the likely outcome',
  },
  { id: 'S2-A1', kind: 'aftercare', value: 'sunscreen; avoid prolonged sun exposure' },
  {
    id: 'S2-R1',
    kind: 'expected-reaction',
    value: ['redness at the site', 'swelling at the site'],
    course: 'temporary',
  },
  {
    id: 'S2-X1',
    kind: 'combination',
    value: 'may be combined with other procedures after the practitioner has agreed',
  },
  { id: 'S2-M1', kind: 'maintenance', value: 'regular maintenance sessions prolong the result' },
  { id: 'S2-I1', kind: 'indication', value: ['wrinkles', 'fine lines', 'alopecia'] },
  { id: 'S2-P1', kind: 'pain', value: 'minimal, a mild sting' },
  {
    id: 'S3-V1',
    kind: 'consultation',
    records: ['examination immediately before the start', 'complaints', 'health condition'],
  },
  {
    id: 'S3-L1',
    kind: 'laboratory',
    value: ['blood test', 'urine test'],
    rule: 'requested first; the procedure starts according to the results',
  },
  {
    id: 'S3-S1',
    kind: 'procedure-step',
    order: ['choose the areas', 'plan', 'numb with an anaesthetic cream', 'inject with a micro needle'],
    devices: ['micro needle', 'mechanical gun', 'needle-free'],
    note: 'needle-free for patients who fear needles',
  },
  { id: 'S3-D1', kind: 'injection-depth', millimetres: { min: 1, max: 4 }, angle: 'held at an angle' },
  {
    id: 'S3-N1',
    kind: 'series',
    sessions: { min: 3, max: 15 },
    after: 'the first procedures',
    purpose: 'to keep up the effect fully',
  },
  { id: 'S3-F1', kind: 'follow-up', value: 'check-ups at intervals for as long as the sessions go on' },
  { id: 'S3-R1', kind: 'recovery', value: 'back to normal life', after: 'PT1H', dressing: 'generally none' },
  { id: 'S3-A1', kind: 'aftercare', value: 'no blood thinners' },
  { id: 'S3-A2', kind: 'aftercare', value: 'keep water off the treated area', for: { min: 'PT10H', max: 'PT15H' } },
  { id: 'S3-A3', kind: 'aftercare', value: 'no tight clothing such as jeans' },
  { id: 'S3-A4', kind: 'aftercare', value: 'no strenuous movement', for: { min: 'PT2H', max: 'PT3H' } },
  { id: 'S3-A5', kind: 'aftercare', value: 'no bath', for: 'PT12H' },
  {
    id: 'S3-I1',
    kind: 'indication',
    value: ['spots', 'stretch marks', 'ageing', 'hair loss', 'cellulite', 'localised fat'],
  },
  { id: 'S3-Q1', kind: 'dose', value: 'a few drops', per: 'injection' },
  { id: 'S3-I2', kind: 'indication', appliesTo: ['facial'], value: ['dry skin'] },
  { id: 'S4-N1', kind: 'series', sessions: { min: 4, max: 10 }, then: 'maintenance as needed' },
  {
    id: 'S4-U1',
    kind: 'session-duration',
    minutes: { min: 30, max: 60 },
    dependsOn: ['size of the area', 'complexity'],
  },
  {
    id: 'S4-R1',
    kind: 'expected-reaction',
    value: ['swelling', 'redness', 'bruising'],
    course: 'resolves within a few days',
  },
  { id: 'S4-R2', kind: 'adverse-event', value: ['infection', 'scarring', 'allergic reaction'], frequency: 'rare' },
  { id: 'S4-E1', kind: 'effect', lasts: { min: 'several months', max: 'P1Y' }, then: 'periodic maintenance' },
  {
    id: 'S4-C1',
    kind: 'contraindication',
    value: 'medical condition, allergy or current medication that speaks against it',
    rule: 'history and current medication are reviewed before treatment',
  },
  { id: 'S4-P1', kind: 'pain', value: 'mild to moderate', relief: 'topical anaesthetic' },
  { id: 'S4-F1', kind: 'recovery', value: 'most patients are back to normal activities immediately' },
  { id: 'S4-I1', kind: 'indication', value: ['rejuvenation', 'cellulite', 'localised fat', 'hair loss'] },
] as const satisfies readonly Fact[];

export type FactId = (typeof FACTS)[number]['id'];

export const FACT_IDS: readonly FactId[] = FACTS.map((fact) => fact.id);

const BY_ID: ReadonlyMap<string, Fact> = new Map(FACTS.map((fact) => [fact.id, fact]));

export const isFactId = (id: string): id is FactId => BY_ID.has(id);

export const factById = (id: FactId): Fact => BY_ID.get(id) as Fact;

/** The description that states a fact. */
export const sourceOf = (id: FactId): SourceId => id.slice(0, 2) as SourceId;
