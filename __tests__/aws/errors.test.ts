import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test } from 'vitest';
import { createClients } from '../../src/aws/clients.ts';
import { awsError, awsErrorKind } from '../../src/aws/errors.ts';
import { ActionError } from '../../src/errors.ts';
import { refuse, serve, type TestServer } from './helpers.ts';

const CALL = { action: 'lambda:GetFunction', resource: 'arn:aws:lambda:eu-west-1:*:function:shop--dev--seed' };
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** The error the SDK makes of what a real server answers. */
async function lambdaError(status: number, type: string, message: string): Promise<unknown> {
  const server = await serve((_request, response) => refuse(response, status, type, message));
  servers.push(server);
  const clients = createClients({ region: 'eu-west-1', endpoint: server.url, credentials: KEYS, env: {} });
  const error = await clients.lambda
    .send(new GetFunctionCommand({ FunctionName: 'shop--dev--seed' }))
    .catch((thrown: unknown) => thrown);
  clients.close();
  expect(server.requests).toHaveLength(1);
  return error;
}

describe('what a refusal becomes', () => {
  test.each([
    [403, 'ExpiredTokenException', 'The security token included in the request is expired', 'CREDENTIALS_EXPIRED'],
    [
      403,
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      'CREDENTIALS_MISSING',
    ],
    [403, 'InvalidSignatureException', 'The request signature we calculated does not match', 'CREDENTIALS_MISSING'],
    [403, 'AccessDeniedException', 'no', 'ACCESS_DENIED'],
    [404, 'ResourceNotFoundException', 'Function not found: x', 'FUNCTION_NOT_FOUND'],
    [409, 'ResourceConflictException', 'An update is in progress for resource: x', 'FUNCTION_BUSY'],
    [400, 'InvalidParameterValueException', 'The runtime parameter of nodejs6.x is no longer supported', 'AWS_FAILED'],
    [429, 'TooManyRequestsException', 'Rate exceeded', 'AWS_FAILED'],
    [500, 'ServiceException', 'oops', 'AWS_FAILED'],
  ])('%i %s', async (status, type, message, code) => {
    const error = awsError(await lambdaError(status, type, message), CALL);
    expect(error).toBeInstanceOf(ActionError);
    expect(error.code).toBe(code);
    expect([error.message, ...error.details.map((detail) => detail.message)].join('\n')).toContain('request-7');
    expect(error.advice).not.toBe('');
  });

  test('AccessDenied prints the statement AWS names, whatever was called', async () => {
    const message =
      'User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: iam:PassRole on resource: ' +
      'arn:aws:iam::123456789012:role/tasks because no identity-based policy allows the iam:PassRole action';
    const error = awsError(await lambdaError(403, 'AccessDeniedException', message), CALL);
    expect(error.message).toContain('arn:aws:sts::123456789012:assumed-role/ci/x may not iam:PassRole');
    expect(JSON.parse(error.advice.slice(error.advice.indexOf('{')))).toEqual({
      Effect: 'Allow',
      Action: 'iam:PassRole',
      Resource: 'arn:aws:iam::123456789012:role/tasks',
      Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
    });
  });

  test('AccessDenied that names nothing prints the statement of the call', async () => {
    const error = awsError(await lambdaError(403, 'AccessDeniedException', 'Forbidden'), CALL);
    expect(error.advice).toContain(JSON.stringify({ Effect: 'Allow', Action: CALL.action, Resource: CALL.resource }));
  });

  test('an explicit deny is not mended by one more statement', async () => {
    const message = 'User: u is not authorized to perform: lambda:GetFunction on resource: r with an explicit deny';
    const error = awsError(await lambdaError(403, 'AccessDeniedException', message), CALL);
    expect(error.advice).toMatch(/^A policy denies it explicitly/);
  });

  test('environment variables that Lambda repeats are not printed, and neither request nor response is kept', async () => {
    const message =
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
      'exceeded the 4KB limit. String measured: {"DB_PASSWORD":"hunter2-hunter2"}';
    const error = awsError(await lambdaError(400, 'InvalidParameterValueException', message), CALL);
    expect(error.message).toContain('exceeded the 4KB limit');
    const cause = error.cause as Error;
    expect(`${error.message}${cause.message}${JSON.stringify(cause)}`).not.toContain('hunter2');
    expect(Object.keys(cause)).toEqual(['name']);
  });

  test('S3: an XML refusal, and a HEAD without any text', async () => {
    const server = await serve((request, response) => {
      response.writeHead(403, { 'content-type': 'application/xml' });
      const xml =
        '<Error><Code>AccessDenied</Code><Message>User: u is not authorized to perform: s3:GetObject on resource: ' +
        '"arn:aws:s3:::b/k" because no identity-based policy allows it</Message></Error>';
      response.end(request.method === 'HEAD' ? undefined : xml);
    });
    servers.push(server);
    const { s3, close } = createClients({ region: 'eu-west-1', endpoint: server.url, credentials: KEYS, env: {} });
    const call = { action: 's3:PutObject', resource: 'arn:aws:s3:::b/other' };
    const get = await s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' })).catch((error: unknown) => error);
    const head = await s3.send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' })).catch((error: unknown) => error);
    close();
    expect(server.requests[0]).toMatch(/^GET \/b\/k/);
    expect(awsError(get, call).advice).toContain('"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/k"');
    expect(awsError(head, call)).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(awsError(head, call).advice).toContain('"Resource":"arn:aws:s3:::b/other"');
  });
});

describe('kinds', () => {
  test.each([
    ['Function already exist: shop--dev--seed', 'exists'],
    ['The operation cannot be performed at this time. An update is in progress for resource: x', 'conflict'],
    ['Version 3 of the function is referenced by the alias live', 'other'],
  ])('ResourceConflictException: %s', async (message, kind) => {
    expect(awsErrorKind(await lambdaError(409, 'ResourceConflictException', message))).toBe(kind);
  });

  test('an error of ours stays what it is', () => {
    const error = new ActionError('LOCK_HELD', 'held', { advice: 'wait' });
    expect(awsError(error, CALL)).toBe(error);
  });
});
