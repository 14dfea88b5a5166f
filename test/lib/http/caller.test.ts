import { describe, expect, it } from 'vitest';
import { callerOf, refuseForeignAccount } from '../../../lib/http/caller.ts';
import { getOrderEvent } from '../../functions/events.ts';

describe('callers', () => {
  const event = getOrderEvent({ account: 'main', order_id: '1' });
  const by = (authorizer: object) => {
    const requestContext = { ...event.requestContext, authorizer };
    return { ...event, requestContext };
  };

  it.each([
    [
      'the principal who signed',
      { iam: { userArn: 'arn:aws:sts::1:assumed-role/desk/x' } },
      'arn:aws:sts::1:assumed-role/desk/x',
    ],
    ['the subject of the token', { jwt: { claims: { sub: 'desk-7' } } }, 'desk-7'],
  ])('the caller of a watch command is taken from %s', (_, authorizer, caller) =>
    expect(callerOf(by(authorizer))).toBe(caller),
  );

  it('the caller of a watch command must be known, and a request without one is refused', () => {
    expect(() => callerOf(event)).toThrow('did not identify the caller');
    expect(() => callerOf(by({ jwt: { claims: { accounts: '[main]' } } }))).toThrow('needs a `sub` claim');
  });
});

describe('tokens', () => {
  const event = getOrderEvent({ account: 'main', order_id: '1' });
  const auth = {
    kind: 'jwt',
    issuer: 'https://login.example.com/',
    audience: ['orders'],
    accountsClaim: 'accounts',
  } as const;
  const refusal = (accounts: unknown) => () => {
    const requestContext = { ...event.requestContext, authorizer: { jwt: { claims: { accounts } } } };
    refuseForeignAccount({ ...event, requestContext }, { name: 'test', accounts: {}, auth });
  };

  it.each([[['main', 'desk-2']], ['[main desk-2]'], ['desk-2, main'], ['["desk-2","main"]'], ['["main"]']])(
    'the accounts that a token allows are read from the claim %j',
    (claim) => expect(refusal(claim)).not.toThrow(),
  );

  it.each([['["main-2"]'], ['["desk-2"]'], ['main-2'], [undefined]])(
    'the accounts that a token allows do not include main in %j',
    (claim) => {
      expect(refusal(claim)).toThrow('does not list this account');
    },
  );
});
