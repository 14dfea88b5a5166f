import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen, unlisten } from '../../emulator/listen.ts';

/** What an AWS account has, as far as `preflight`, `adopt` and the search for a stack's resources look at it. */
export type Account = {
  /** The stack; `undefined` when there is none. */
  stack?: { readonly outputs: Readonly<Record<string, string>>; readonly resources: Readonly<Record<string, string>> };
  bootstrapVersion?: number;
  readonly concurrency: { quota: number; unreserved: number; ofFunction: number };
  /** Secrets by what they are requested by: whether each is scheduled for deletion, and its ARN if not `arnOf`. */
  readonly secrets: Record<string, { deleted: boolean; arn?: string }>;
  dashboards: readonly string[];
  /** Operations that IAM denies. */
  denied: readonly string[];
  /** Where calls to other services go. */
  others?: string;
};

type Reply = { readonly status: number; readonly body: string; readonly type: string };

/** Of a name, or of an ARN without its suffix. */
export const arnOf = (name: string) =>
  `${name.startsWith('arn:') ? '' : 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:'}${name}-Ab1Cd2`;

/** AWS on loopback, for the real SDK: CloudFormation in XML, Lambda as REST, the others in JSON. */
export async function startFakeAws(account: Account) {
  const restored: string[] = [];
  const server = createServer((request, response) => {
    reply(request).then(
      ({ status, body, type }) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.destroy(),
    );
  });
  const { port } = await listen(server, 0);
  return { url: `http://127.0.0.1:${port}`, restored, stop: () => unlisten(server) };

  async function reply(request: IncomingMessage): Promise<Reply> {
    const body = await text(request);
    const target = request.headers['x-amz-target'];
    if (target === undefined && request.method === 'POST') return cloudFormation(new URLSearchParams(body));
    if (target === undefined) return lambda(request.url ?? '');
    const operation = String(target).replace(/^.*\./, '');
    if (account.denied.includes(operation)) return failed('AccessDeniedException', `not authorized to ${operation}`);
    const input: Readonly<Record<string, string>> = JSON.parse(body);
    switch (operation) {
      case 'GetParameter':
        if (account.bootstrapVersion === undefined) return failed('ParameterNotFound', '');
        return json({ Parameter: { Value: String(account.bootstrapVersion) } });
      case 'ListDashboards':
        return json({ DashboardEntries: account.dashboards.map((DashboardName) => ({ DashboardName })) });
      case 'DescribeSecret': {
        const secret = account.secrets[input['SecretId'] ?? ''];
        if (secret === undefined) return failed('ResourceNotFoundException', 'no such secret');
        const ARN = secret.arn ?? arnOf(input['SecretId'] ?? '');
        return json({ ARN, ...(secret.deleted && { DeletedDate: 1_767_225_600 }) });
      }
      case 'RestoreSecret':
        restored.push(input['SecretId'] ?? '');
        return json({ ARN: input['SecretId'] });
      default:
        return forwarded(request, body);
    }
  }

  async function forwarded({ headers }: IncomingMessage, body: string): Promise<Reply> {
    const { host: _, connection: __, 'content-length': ___, ...kept } = headers;
    const sent = Object.entries(kept).map(([name, value]): [string, string] => [name, String(value)]);
    const response = await fetch(account.others ?? '', { method: 'POST', headers: sent, body });
    return { status: response.status, body: await response.text(), type: 'application/x-amz-json-1.0' };
  }

  function cloudFormation(query: URLSearchParams): Reply {
    const { stack } = account;
    if (stack === undefined) {
      const message = `Stack with id ${query.get('StackName')} does not exist`;
      const error = `<Error><Type>Sender</Type><Code>ValidationError</Code><Message>${message}</Message></Error>`;
      return xml(400, `<ErrorResponse>${error}<RequestId>r</RequestId></ErrorResponse>`);
    }
    if (query.get('Action') === 'DescribeStacks') {
      const outputs = Object.entries(stack.outputs)
        .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
        .join('');
      const member = `<member><StackName>s</StackName><Outputs>${outputs}</Outputs></member>`;
      return xml(200, result('DescribeStacks', `<Stacks>${member}</Stacks>`));
    }
    const members = Object.entries(stack.resources).map(
      ([id, name]) =>
        `<member><LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${name}</PhysicalResourceId>` +
        '<ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>',
    );
    const summaries = `<StackResourceSummaries>${members.join('')}</StackResourceSummaries>`;
    return xml(200, result('ListStackResources', summaries));
  }

  function lambda(url: string): Reply {
    const { quota, unreserved, ofFunction } = account.concurrency;
    if (url.endsWith('/concurrency')) return json({ ReservedConcurrentExecutions: ofFunction });
    return json({ AccountLimit: { ConcurrentExecutions: quota, UnreservedConcurrentExecutions: unreserved } });
  }
}

function result(action: string, body: string): string {
  return `<${action}Response><${action}Result>${body}</${action}Result></${action}Response>`;
}

function xml(status: number, body: string): Reply {
  return { status, body, type: 'text/xml' };
}

function json(body: object): Reply {
  return { status: 200, body: JSON.stringify(body), type: 'application/x-amz-json-1.1' };
}

function failed(type: string, message: string): Reply {
  return { status: 400, body: JSON.stringify({ __type: type, message }), type: 'application/x-amz-json-1.1' };
}
