import { join } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Code, Runtime } from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync } from 'esbuild';
import type { Stage } from '../lib/stage.ts';
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

/** How everything of a bundle is made, its source aside. */
const bundleOptions = {
  absWorkingDir: packageRoot,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  logLevel: 'warning',
  // The SDK of the lock file and not the runtime's: the tests ran with it, and it loads faster.
  mainFields: ['module', 'main'],
  alias: aliases,
} satisfies BuildOptions;

/**
 * Where a client of the SDK registers the class of an error. The clients register those of all their operations, so that
 * no tree shaking removes them. One that is not registered is the service's own exception, with the same name.
 */
const registration = /^n0_registry\d*\.registerError\(\w+\$\d*, (\w+)\);$/gm;
/** What code of ours knows by its class. */
const knownErrors: readonly string[] = ['ConditionalCheckFailedException'];

/** Makes a bundle: first all that the entry point leads to, and of that what is left without the errors' classes. */
export function bundle(entryPoint: string, outfile: string, define: Readonly<Record<string, string>> = {}): void {
  const whole = buildSync({ ...bundleOptions, entryPoints: [entryPoint], define, write: false });
  const text = whole.outputFiles.map((file) => file.text).join('');
  const contents = text.replaceAll(registration, (line, name: string) => (knownErrors.includes(name) ? line : ''));
  buildSync({ ...bundleOptions, stdin: { contents }, minify: true, outfile });
}

/**
 * The single file of a function on Lambda, with the stage compiled in. Not CDK's own bundling, which starts npx for each
 * function, takes three times as long and prints npm's warnings.
 */
export function bundleOf(name: string, stage: Stage): Code {
  return Code.fromAsset(packageRoot, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: `local` always succeeds. CDK distinguishes bundles by the command and the environment.
      image: Runtime.NODEJS_24_X.bundlingImage,
      command: [name],
      environment: { COMPILED_STAGE: JSON.stringify(stage) },
      local: {
        tryBundle: (outputDir) => {
          const define = { COMPILED_STAGE: JSON.stringify(stage) };
          bundle(join('functions', `${name}.ts`), join(outputDir, 'index.mjs'), define);
          return true;
        },
      },
    },
  });
}
