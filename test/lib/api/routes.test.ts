import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Route, routes } from '../../../lib/api/routes.ts';
import { templateOf } from '../../cdk/synthesize.ts';
import { createChecker } from './document.ts';

const table = Object.entries<Route>(routes);

it('the template deploys the routes of the table, and no others', () => {
  const deployed = Object.values(templateOf().findResources('AWS::ApiGatewayV2::Route'));
  expect(deployed.map(({ Properties }) => Properties.RouteKey).toSorted()).toEqual(
    table.map(([, { method, path }]) => `${method} ${path}`).toSorted(),
  );
});

it('the OpenAPI document describes the routes of the table, and no others', () => {
  const described = createChecker().operations.map(
    ({ operationId, method, path }) => `${operationId} ${method} ${path}`,
  );
  expect(described.toSorted()).toEqual(
    table.map(([name, { method, path }]) => `${name} ${method.toLowerCase()} ${path}`).toSorted(),
  );
});

it.each(table)('the route %s has a function, and a parameter for each part of its path', (_, route) => {
  expect(existsSync(new URL(`../../../functions/${route.function}.ts`, import.meta.url))).toBe(true);
  for (const [, parameter = ''] of route.path.matchAll(/\{(\w+)\}/g)) {
    expect(Object.keys(route.parameters.shape)).toContain(parameter);
  }
});
