import * as z from 'zod/mini';

const Parameter = z.object({ Type: z.string(), Default: z.optional(z.unknown()) });
const Resource = z.object({ Type: z.string(), Properties: z._default(z.record(z.string(), z.unknown()), {}) });

/** What is read of a CloudFormation template; the rest of it (rules, conditions, outputs) is not needed to run it. */
export const Template = z.object({
  Parameters: z._default(z.record(z.string(), Parameter), {}),
  Resources: z.record(z.string(), Resource),
});
export type Template = z.infer<typeof Template>;
type Resource = z.infer<typeof Resource>;

/** Where a stack is said to run: its pseudo parameters. */
export type Place = { readonly stackName: string; readonly region: string; readonly accountId: string };

/** A template that this machine cannot run; the message says which part. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** What CloudFormation gives a resource once it exists. */
type Kind = {
  /** The property that names the resource, when the template wants to. */
  readonly nameProperty?: string;
  /** What `Ref` gives; the physical name otherwise. */
  readonly ref?: 'Arn';
  readonly attributes: Readonly<
    Record<string, (name: string, arn: (service: string, rest: string) => string) => string>
  >;
};

const kinds: Readonly<Record<string, Kind>> = {
  'AWS::ApiGatewayV2::Api': { attributes: { ApiId: (name) => name } },
  'AWS::ApiGatewayV2::Integration': { attributes: {} },
  'AWS::DynamoDB::GlobalTable': {
    nameProperty: 'TableName',
    attributes: {
      Arn: (name, arn) => arn('dynamodb', `table/${name}`),
      StreamArn: (name, arn) => arn('dynamodb', `table/${name}/stream/local`),
    },
  },
  'AWS::Events::EventBus': {
    nameProperty: 'Name',
    attributes: { Arn: (name, arn) => arn('events', `event-bus/${name}`), Name: (name) => name },
  },
  'AWS::Lambda::Function': {
    nameProperty: 'FunctionName',
    attributes: { Arn: (name, arn) => arn('lambda', `function:${name}`) },
  },
  'AWS::Logs::LogGroup': {
    nameProperty: 'LogGroupName',
    attributes: { Arn: (name, arn) => arn('logs', `log-group:${name}:*`) },
  },
  'AWS::SQS::Queue': {
    nameProperty: 'QueueName',
    attributes: { Arn: (name, arn) => arn('sqs', name), QueueName: (name) => name },
  },
  'AWS::SecretsManager::Secret': {
    nameProperty: 'Name',
    ref: 'Arn',
    attributes: { Arn: (name, arn) => arn('secretsmanager', `secret:${name}`) },
  },
};

export type Evaluator = {
  /** A value of the template with every intrinsic function in it worked out. `at` is where it stands, for errors. */
  readonly evaluate: (value: unknown, at: string) => unknown;
  /** The name that a resource has, or gets from CloudFormation when the template leaves it open. */
  readonly nameOf: (logicalId: string) => string;
  readonly attributeOf: (logicalId: string, attribute: string, at: string) => string;
};

/** Works out the intrinsic functions of one template, as CloudFormation does while it deploys. */
export function createEvaluator(template: Template, place: Place): Evaluator {
  const pseudo = pseudoParameters(place);
  const arn = (service: string, rest: string) => `arn:aws:${service}:${place.region}:${place.accountId}:${rest}`;

  function resource(logicalId: string, at: string): Resource {
    const found = template.Resources[logicalId];
    if (found === undefined) throw new TemplateError(`${at} names ${logicalId}, which the template does not have.`);
    return found;
  }

  function nameOf(logicalId: string): string {
    const { Type, Properties } = resource(logicalId, logicalId);
    const property = kinds[Type]?.nameProperty;
    const given = property === undefined ? undefined : evaluate(Properties[property], `${logicalId}.${property}`);
    // Integrations and APIs are known by generated ids on AWS; here the logical id serves.
    return typeof given === 'string' ? given : property === undefined ? logicalId : `${place.stackName}-${logicalId}`;
  }

  function attributeOf(logicalId: string, attribute: string, at: string): string {
    const { Type } = resource(logicalId, at);
    const make = kinds[Type]?.attributes[attribute];
    if (make === undefined) throw new TemplateError(`${at} gets ${attribute} of ${Type}, which is not known here.`);
    return make(nameOf(logicalId), arn);
  }

  function ref(name: string, at: string): unknown {
    if (name === 'AWS::NoValue') return undefined;
    const known = pseudo[name];
    if (known !== undefined) return known;
    const parameter = template.Parameters[name];
    if (parameter !== undefined) {
      if (parameter.Default === undefined)
        throw new TemplateError(`${at} needs parameter ${name}, which has no default.`);
      return parameter.Default;
    }
    const { Type } = resource(name, at);
    return kinds[Type]?.ref === 'Arn' ? attributeOf(name, 'Arn', at) : nameOf(name);
  }

  const functions = intrinsicFunctions({ evaluate, ref, attributeOf });

  function evaluate(value: unknown, at: string): unknown {
    if (Array.isArray(value)) {
      return value.map((item, index) => evaluate(item, `${at}[${index}]`)).filter((item) => item !== undefined);
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (first !== undefined && entries.length === 1 && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
      const [name, argument] = first;
      const work = functions[name];
      if (work === undefined) throw new TemplateError(`${at} uses ${name}, which cannot be worked out here.`);
      return work(argument, at);
    }
    return Object.fromEntries(
      entries
        .map(([key, item]) => [key, evaluate(item, `${at}.${key}`)] as const)
        .filter(([, item]) => item !== undefined),
    );
  }

  return { evaluate, nameOf, attributeOf };
}

type IntrinsicFunctions = Readonly<Record<string, (argument: unknown, at: string) => unknown>>;

function intrinsicFunctions({
  evaluate,
  ref,
  attributeOf,
}: Pick<Evaluator, 'evaluate' | 'attributeOf'> & { readonly ref: (name: string, at: string) => unknown }) {
  const functions: IntrinsicFunctions = {
    Ref: (argument, at) => ref(text(argument, at), at),
    'Fn::GetAtt': (argument, at) => {
      const [logicalId = '', ...attribute] = typeof argument === 'string' ? argument.split('.') : texts(argument, at);
      return attributeOf(logicalId, attribute.join('.'), at);
    },
    'Fn::Join': (argument, at) => {
      const [separator, parts] = list(evaluate(argument, at), at);
      return texts(parts, at).join(text(separator, at));
    },
    'Fn::Select': (argument, at) => {
      const [index, values] = list(evaluate(argument, at), at);
      const value = list(values, at)[Number(index)];
      if (value === undefined) throw new TemplateError(`${at} selects ${String(index)}, which is not there.`);
      return value;
    },
    'Fn::Split': (argument, at) => {
      const [separator, value] = texts(evaluate(argument, at), at);
      return text(value, at).split(text(separator, at));
    },
    'Fn::Sub': (argument, at) => {
      const [format, variables] = typeof argument === 'string' ? [argument, {}] : list(argument, at);
      const given = z.record(z.string(), z.unknown()).parse(evaluate(variables, at));
      return text(format, at).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
        if (name.startsWith('!')) return `\${${name.slice(1)}}`;
        if (name in given) return text(given[name], at);
        return text(name.includes('.') ? functions['Fn::GetAtt']?.(name, at) : ref(name, at), at);
      });
    },
  };
  return functions;
}

function pseudoParameters(place: Place): Readonly<Record<string, string>> {
  return {
    'AWS::AccountId': place.accountId,
    'AWS::Partition': 'aws',
    'AWS::Region': place.region,
    'AWS::StackId': `arn:aws:cloudformation:${place.region}:${place.accountId}:stack/${place.stackName}/local`,
    'AWS::StackName': place.stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
}

function text(value: unknown, at: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`${at} should be a text, and is ${JSON.stringify(value) ?? 'missing'}.`);
}

function list(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TemplateError(`${at} should be a list, and is ${JSON.stringify(value) ?? 'missing'}.`);
}

function texts(value: unknown, at: string): readonly string[] {
  return list(value, at).map((item) => text(item, at));
}
