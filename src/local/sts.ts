import { AwsError } from './aws-error.ts';
import { type AwsAnswer, type AwsRequest, escapeXml, type Operation, type Service, xml } from './http.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** The one question of STS that every tool asks first: who am I. */
export class StsService implements Service {
  readonly #account: string;

  constructor(account: string) {
    this.#account = account;
  }

  route(request: AwsRequest): Operation | undefined {
    if (request.method !== 'POST' || request.path !== '/' || request.headers['x-amz-target'] !== undefined)
      return undefined;
    const action = new URLSearchParams(request.body.toString()).get('Action');
    if (action === null) return undefined;
    return { name: action, resource: '', run: async () => this.#getCallerIdentity(action, request.requestId) };
  }

  #getCallerIdentity(action: string, requestId: string): AwsAnswer {
    if (action !== 'GetCallerIdentity') {
      throw new AwsError(400, 'InvalidAction', `The embedded AWS does not know the action ${action}`);
    }
    const identity = `<Arn>arn:aws:iam::${this.#account}:user/local</Arn><UserId>local</UserId><Account>${this.#account}</Account>`;
    return xml(
      200,
      `<GetCallerIdentityResponse xmlns="${NAMESPACE}"><GetCallerIdentityResult>${identity}</GetCallerIdentityResult>` +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
    );
  }

  renderError(error: AwsError, request: AwsRequest): AwsAnswer {
    return xml(
      error.status,
      `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${escapeXml(error.code)}</Code>` +
        `<Message>${escapeXml(error.message)}</Message></Error><RequestId>${request.requestId}</RequestId></ErrorResponse>`,
    );
  }
}
