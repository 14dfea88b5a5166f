import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Code, Runtime } from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync } from 'esbuild';
import type { Stage } from '../lib/stage/stage.ts';
import { type FunctionName, functionNames } from './functions.ts';
import { packageRoot } from './package-root.ts';

const alias = (file: string) => join(packageRoot, 'cdk/aliases', file);

/** Modules that a bundle replaces. */
const aliases = {
  // An ESM import of these touches every lazy export and loads undici: 35 ms. process.getBuiltinModule does not.
  http: alias('http.cjs'),
  'node:http': alias('http.cjs'),
  https: alias('https.cjs'),
  'node:https': alias('https.cjs'),
  // Parts of the SDK that none of our calls uses.
  '@smithy/core/event-streams': alias('event-streams.ts'),
  '@smithy/core/endpoints': alias('endpoints.cjs'),
};

/** How every bundle is made, whatever its source. */
const bundleOptions = {
  absWorkingDir: packageRoot,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  logLevel: 'warning',
  // The SDK of the lock file, not the runtime's: the tests ran with it, and it loads faster.
  mainFields: ['module', 'main'],
  alias: aliases,
} satisfies BuildOptions;

/**
 * Where a client of the SDK registers the class of an error. The clients register those of all their operations, so that
 * no tree shaking removes them. One that is not registered is the service's own exception, with the same name.
 */
const registration = /^n0_registry\d*\.registerError\(\w+\$\d*, (\w+)\);$/gm;
/** The errors that our code recognizes by their classes. */
const knownErrors: readonly string[] = ['ConditionalCheckFailedException'];

/**
 * Makes bundles, by the names of their entry points: first everything that an entry point imports, and from that what
 * is left without the errors' classes. Bundles share most of their modules, which esbuild then reads only once.
 */
export function bundle(
  entryPoints: readonly string[],
  define: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, Uint8Array> {
  const whole = buildSync({ ...bundleOptions, entryPoints: [...entryPoints], outdir: '.', define, write: false });
  return new Map(whole.outputFiles.map(({ path, text }) => [basename(path, '.js'), minified(text)]));
}

function minified(text: string): Uint8Array {
  const contents = text.replaceAll(registration, (line, name: string) => (knownErrors.includes(name) ? line : ''));
  const { outputFiles } = buildSync({ ...bundleOptions, stdin: { contents }, minify: true, write: false });
  return Buffer.concat(outputFiles.map((file) => file.contents));
}

/**
 * The single file of a function on Lambda, with the stage compiled in. Not CDK's own bundling, which starts npx for each
 * function, takes three times as long and prints npm's warnings.
 */
export function functionCode(name: FunctionName, stage: Stage): Code {
  return Code.fromAsset(packageRoot, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: `local` always succeeds. CDK distinguishes bundles by the command and the environment.
      image: Runtime.NODEJS_24_X.bundlingImage,
      command: [name],
      environment: { COMPILED_STAGE: JSON.stringify(stage) },
      local: {
        tryBundle: (outputDir) => {
          const contents = bundlesOf(stage).get(name);
          if (contents === undefined) throw new Error(`esbuild made no bundle of ${name}`);
          writeFileSync(join(outputDir, 'index.mjs'), contents);
          return true;
        },
      },
    },
  });
}

const built = new WeakMap<Stage, ReturnType<typeof bundle>>();

/** The bundles of all functions, made together when the first one is needed. */
function bundlesOf(stage: Stage): ReturnType<typeof bundle> {
  const entryPoints = functionNames.map((name) => join('functions', `${name}.ts`));
  const bundles = built.get(stage) ?? bundle(entryPoints, { COMPILED_STAGE: JSON.stringify(stage) });
  built.set(stage, bundles);
  return bundles;
}
