import type { DynamoDBRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Item } from '../dynamo.ts';
import { Failure } from '../errors.ts';
import type { Images } from './events.ts';

/** The attribute types that items of the snapshot table have. */
const Attribute: z.ZodMiniType<Item[string]> = z.lazy(() =>
  z.union([
    z.strictObject({ S: z.string() }),
    z.strictObject({ N: z.string() }),
    z.strictObject({ BOOL: z.boolean() }),
    z.strictObject({ L: z.array(Attribute) }),
    z.strictObject({ M: z.record(z.string(), Attribute) }),
  ]),
);
const Image = z.optional(z.record(z.string(), Attribute));

/** The item before and after the write that a stream record describes. Throws `store_corrupt`. */
export function imagesOf({ dynamodb }: DynamoDBRecord): Images {
  const before = z.safeParse(Image, dynamodb?.OldImage);
  const after = z.safeParse(Image, dynamodb?.NewImage);
  if (before.success && after.success) return { before: before.data, after: after.data };
  throw new Failure('store_corrupt', 'A stream record has an item with attribute types that our items do not use.');
}
