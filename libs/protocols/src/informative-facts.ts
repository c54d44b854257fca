/**
 * Why some published statements rule nothing: by the topic under which the built-in protocols name them for information.
 * The check asks for a reason for every statement that no rule rests on.
 */
export const INFORMATIVE_TOPICS: Readonly<Record<string, string>> = {
  'procedure-type':
    'It names a kind of treatment. Each kind has a protocol of its own, whose rules rest on what is said about it.',
  indication:
    'What a treatment is for is weighed in the consultation, by a person. No goal is refused, and none is granted, by a rule.',
  'injection-layer':
    'A layer of the skin can neither be measured nor recorded. What is judged is the depth in millimetres (S3-D1), or the physician decides it (S0-D2).',
  effect:
    'When an effect shows, and how long it lasts, is told to the patient. Due dates are counted from sessions (S1-M1, S1-M2), not from effects.',
  aftercare: 'It says with less what S0-A2 and S1-A2 say about the sun, and they are what the aftercare tells.',
  'reference-material':
    'Pictures of other people help a patient to choose a clinic. The record keeps the pictures of its own patient, by reference.',
  combination:
    'Whether another procedure goes together with this one is agreed with the practitioner; the record holds no other procedures to judge by.',
  pain: 'Pain is recorded as a score for each session. How much is usual is told to the patient; no score is outside a range.',
  recovery:
    'When normal life goes on is told to the patient. What must be left off has a line of aftercare, with its end.',
  dose: '“A few drops” is no volume that a record could be held against. Volumes are recorded as they were.',
};
