import { AwsError } from './aws-error.ts';
import { type AwsAnswer, type AwsRequest, json, type Operation, type Service } from './http.ts';

/** Systems Manager's parameters, read only: what `secrets.getSecret` asks for. */
export class SsmService implements Service {
  readonly #secrets: Record<string, string>;
  readonly #account: string;

  constructor(secrets: Record<string, string>, account: string) {
    this.#secrets = secrets;
    this.#account = account;
  }

  route(request: AwsRequest): Operation | undefined {
    const [target, name] = String(request.headers['x-amz-target'] ?? '').split('.');
    if (target !== 'AmazonSSM' || name === undefined) return undefined;
    const parameter = (JSON.parse(request.body.toString() || '{}') as { Name?: unknown }).Name;
    const resource = typeof parameter === 'string' ? parameter : '';
    return { name, resource, run: async () => this.#getParameter(name, resource, request.region) };
  }

  #getParameter(operation: string, name: string, region: string): AwsAnswer {
    if (operation !== 'GetParameter') {
      throw new AwsError(400, 'UnknownOperationException', `The embedded AWS does not know SSM ${operation}`);
    }
    const secret = name.split('/').at(-1) ?? '';
    const value = Object.hasOwn(this.#secrets, secret) ? this.#secrets[secret] : undefined;
    if (value === undefined) throw new AwsError(400, 'ParameterNotFound', `Parameter ${name} not found.`);
    const arn = `arn:aws:ssm:${region}:${this.#account}:parameter/${name.replace(/^\//, '')}`;
    return amzJson(200, {
      Parameter: { ARN: arn, DataType: 'text', Name: name, Type: 'SecureString', Value: value, Version: 1 },
    });
  }

  renderError(error: AwsError): AwsAnswer {
    return amzJson(error.status, { __type: error.code, message: error.message });
  }
}

function amzJson(status: number, value: unknown): AwsAnswer {
  return json(status, value, { 'content-type': 'application/x-amz-json-1.1' });
}
