/** DynamoDB in a separate process, until its input ends: prints its address. */
import { startDynamo } from './engines.ts';

const { url } = await startDynamo(undefined);
process.stdin.once('end', () => process.exit()).resume();
process.stdout.write(url);
