import { z } from 'zod';

const count = (what: string, min: number) => z.coerce.number().pipe(z.int().min(min)).describe(what);

export const checkpointParamsSchema = z.strictObject({
  size: count('Leaves of a tree that was published; the newest one where it is left out', 1).optional(),
});

export const inclusionParamsSchema = z.strictObject({
  position: count('Of what the leaf is made of, from 1', 1),
  size: count('Leaves of the tree; of the published one where it is left out', 1).optional(),
});

export const consistencyParamsSchema = z.strictObject({
  from: count('Leaves of the smaller tree', 0),
  to: count('Leaves of the larger tree; of the published one where it is left out', 0).optional(),
});
