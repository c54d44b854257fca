import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { BucketKeys } from '#libs/event-store/src/bucket-keys.js';
import { BUCKETS } from '#libs/event-store/src/key-vault.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { queryOf } from '#libs/http/src/validation.js';
import { Invalid } from '#libs/kernel/src/errors.js';
import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

const bucketSchema = z
  .int()
  .min(0)
  .max(BUCKETS - 1);

export const bucketKeysSchema = z
  .strictObject({
    vault: z.strictObject({
      kind: z.enum(['file', 'secret', 'transit', 'derived']),
      /** For people: where the keys are. */
      place: z.string(),
    }),
    /** Keys of persons that the master key still wraps, since they are older than buckets. */
    waiting: z.int(),
    /** Every bucket that wraps anything, or whose key was ever changed. */
    items: z.array(
      z.strictObject({
        bucket: bucketSchema,
        newest: z.int(),
        /** Older than `newest` while a change is under way. */
        oldest: z.int(),
        /** Keys of persons that it wraps. */
        keys: z.int(),
        rotatedAt: instantSchema,
      }),
    ),
  })
  .meta({ id: 'BucketKeys' });

export const rotatedSchema = z
  .strictObject({
    bucket: bucketSchema,
    version: z.int(),
    /** Keys of persons that were wrapped anew. */
    rewrapped: z.int(),
    /** What an operator has to do before the older versions are gone; null where they are. */
    todo: z.string().nullable(),
  })
  .meta({ id: 'RotatedBucket' });

/** The keys that wrap those of persons. */
@ApiTags('system')
@Controller('v1/keys')
export class KeysController {
  constructor(private readonly keys: BucketKeys) {}

  @Get()
  @QueryEndpoint({
    id: 'listBucketKeys',
    may: 'system.operate',
    at: 'chain',
    summary: 'The keys that wrap those of persons: where they are, and in which versions',
    answer: bucketKeysSchema,
    reads: [],
  })
  async list(@Query({ schema: queryOf({}) }) _params: object): Promise<z.infer<typeof bucketKeysSchema>> {
    const { vault } = this.keys;
    const [items, waiting] = [await this.keys.list(), await this.keys.waiting()];
    return {
      vault: { kind: vault.kind, place: vault.place },
      waiting,
      items: items.map(({ rotatedAt, ...item }) => ({ ...item, rotatedAt: rotatedAt.toISOString() })),
    };
  }

  @Post(':bucket/rotate')
  @ActionEndpoint({
    id: 'rotateBucketKey',
    may: 'system.operate',
    at: 'chain',
    summary: 'Give a bucket another key, wrap its persons’ keys anew and destroy the older one',
    description:
      'No event is touched. Interrupted anywhere, it goes on where it stopped when it is asked for again. Backups of before need the folder of keys as it is after.',
    answer: rotatedSchema,
  })
  async rotate(@Param('bucket') bucket: string): Promise<z.infer<typeof rotatedSchema>> {
    const { data } = bucketSchema.safeParse(/^\d{1,4}$/.test(bucket) ? Number(bucket) : undefined);
    if (data === undefined) {
      const message = `A bucket is a number from 0 to ${BUCKETS - 1}.`;
      throw new Invalid('bucket.unknown', message, { fields: [{ field: 'bucket', message }] });
    }
    const { todo, ...rotated } = await this.keys.rotate(data);
    return { ...rotated, todo: todo ?? null };
  }
}
