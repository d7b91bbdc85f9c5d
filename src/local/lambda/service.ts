import { AwsError } from '../aws-error.ts';
import { type AwsAnswer, type AwsRequest, json, type Operation, type Service } from '../http.ts';
import type { LocalTiming } from '../index.ts';
import type { ObjectStore } from '../s3/objects.ts';
import { CodeStore } from './code.ts';
import { type FunctionRef, Functions } from './functions.ts';
import { Invoker } from './invoke.ts';
import { ControlPlaneQuota } from './rate.ts';
import { FunctionStore } from './store.ts';
import type { Body } from './validation.ts';

export interface LambdaOptions {
  stateDir: string;
  account: string;
  endpoint: string;
  runtimeClient: string;
  timing: LocalTiming;
  objects: ObjectStore;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Longest request of the control plane, in bytes: 50 MB as base64 and a little more. */
const REQUEST_LIMIT = 70_167_211;

const FUNCTIONS = '/2015-03-31/functions';
const TAGS = '/2017-03-31/tags/';

type Run = (ref: FunctionRef) => Promise<AwsAnswer>;

/** Lambda's REST API. */
export class LambdaService implements Service {
  readonly #functions: Functions;
  readonly #invoker: Invoker;
  readonly #quota = new ControlPlaneQuota();

  constructor({ stateDir, account, endpoint, runtimeClient, timing, objects, now }: LambdaOptions) {
    const code = new CodeStore(objects, endpoint);
    const functions = new Functions({ account, store: new FunctionStore(stateDir), code, timing, now });
    this.#functions = functions;
    this.#invoker = new Invoker({ account, endpoint, runtimeClient, functions, code, now, ...timing });
  }

  close(): Promise<void> {
    return this.#invoker.close();
  }

  route(request: AwsRequest): Operation | undefined {
    const path = request.path.replace(/\/$/, '');
    if (path.startsWith(TAGS)) return this.#operation(request, path.slice(TAGS.length), this.#tagRoute(request));
    if (path === FUNCTIONS) return this.#collectionOperation(request);
    if (!path.startsWith(`${FUNCTIONS}/`)) return undefined;
    const [name = '', call = ''] = path.slice(FUNCTIONS.length + 1).split('/');
    return this.#operation(request, name, this.#functionRoute(request, call));
  }

  async prolong({ resource }: Operation, { region }: AwsRequest, milliseconds: number): Promise<void> {
    const [name = ''] = resource.split(':');
    await this.#functions.prolong({ region, name }, milliseconds);
  }

  renderError(error: AwsError): AwsAnswer {
    const body = {
      Type: error.status < 500 ? 'User' : 'Service',
      message: error.message,
      Message: error.message,
      ...error.members,
    };
    return json(error.status, body, { 'x-amzn-errortype': error.code, ...error.headers });
  }

  #collectionOperation(request: AwsRequest): Operation | undefined {
    if (request.method === 'GET') {
      const list = async (): Promise<AwsAnswer> => json(200, await this.#functions.list(request.region, request.query));
      return this.#checked('ListFunctions', '', request, list);
    }
    if (request.method !== 'POST') return undefined;
    const body = request.bodyBytes < REQUEST_LIMIT ? parseBody(request) : {};
    return this.#checked('CreateFunction', String(body.FunctionName ?? ''), request, async () =>
      json(201, await this.#functions.create(request.region, body)),
    );
  }

  #functionRoute(request: AwsRequest, call: string): [string, Run] | undefined {
    const functions = this.#functions;
    const body = (): Body => parseBody(request);
    switch (`${request.method} ${call}`) {
      case 'GET ':
        return ['GetFunction', async (ref) => json(200, await functions.get(ref))];
      case 'DELETE ':
        return ['DeleteFunction', async (ref) => functions.delete(ref).then(() => ({ status: 204 }))];
      case 'GET configuration':
        return ['GetFunctionConfiguration', async (ref) => json(200, await functions.getConfiguration(ref))];
      case 'PUT configuration':
        return [
          'UpdateFunctionConfiguration',
          async (ref) => json(200, await functions.updateConfiguration(ref, body())),
        ];
      case 'PUT code':
        return ['UpdateFunctionCode', async (ref) => json(200, await functions.updateCode(ref, body()))];
      case 'GET versions':
        return ['ListVersionsByFunction', async (ref) => json(200, await functions.listVersions(ref, request.query))];
      case 'POST versions':
        return ['PublishVersion', async (ref) => json(201, await functions.publishVersion(ref, body()))];
      case 'POST invocations':
        return ['Invoke', (ref) => this.#invoker.invoke(ref, request)];
      default:
        return undefined;
    }
  }

  #tagRoute(request: AwsRequest): [string, Run] | undefined {
    const functions = this.#functions;
    const done = { status: 204 };
    switch (request.method) {
      case 'GET':
        return ['ListTags', async (ref) => json(200, { Tags: await functions.tags(ref) })];
      case 'POST': {
        const added = (): Record<string, string> => parseBody(request).Tags as Record<string, string>;
        return [
          'TagResource',
          (ref) => functions.changeTags(ref, (tags) => ({ ...tags, ...added() })).then(() => done),
        ];
      }
      case 'DELETE': {
        const removed = request.query.getAll('tagKeys');
        const without = (tags: Record<string, string>) =>
          Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.includes(key)));
        return ['UntagResource', (ref) => functions.changeTags(ref, without).then(() => done)];
      }
      default:
        return undefined;
    }
  }

  #operation(request: AwsRequest, reference: string, found: [string, Run] | undefined): Operation {
    const [name, run] = found ?? ['Unknown', unknownOperation(request)];
    const ref = parseReference(decodeURIComponent(reference), request);
    const resource = ref.qualifier === undefined ? ref.name : `${ref.name}:${ref.qualifier}`;
    return this.#checked(name, resource, request, () => run(ref));
  }

  #checked(name: string, resource: string, request: AwsRequest, run: () => Promise<AwsAnswer>): Operation {
    return {
      name,
      resource,
      run: async () => {
        if (name !== 'Invoke' && request.bodyBytes >= REQUEST_LIMIT) {
          const message = `Request must be smaller than ${REQUEST_LIMIT} bytes for the ${name} operation`;
          throw new AwsError(413, 'RequestEntityTooLargeException', message);
        }
        this.#quota.check(name);
        return run();
      },
    };
  }
}

/** A name, `name:qualifier`, a partial or a whole ARN; the qualifier may also be in the query. */
function parseReference(reference: string, request: AwsRequest): FunctionRef {
  const match =
    /^(?:(?:arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):)?(?:\d{12}:)?function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/.exec(
      reference,
    );
  if (match === null) {
    const message = `1 validation error detected: Value '${reference}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern`;
    throw new AwsError(400, 'ValidationException', message);
  }
  const [, region = request.region, name = '', inName] = match;
  return { region, name, qualifier: request.query.get('Qualifier') ?? inName };
}

function parseBody(request: AwsRequest): Body {
  try {
    const body: unknown = JSON.parse(request.body.toString() || '{}');
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  } catch {
    // Answered below, like any other body that is no JSON object.
  }
  throw new AwsError(400, 'SerializationException', 'The request body is not a JSON object');
}

function unknownOperation(request: AwsRequest): Run {
  const message = `The embedded AWS does not know ${request.method} ${request.path}`;
  return () => Promise.reject(new AwsError(404, 'UnknownOperationException', message));
}
