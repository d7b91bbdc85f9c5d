/** An answer of AWS that is an error: HTTP status, code and message, rendered per service (JSON or XML). */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;
  /** Further members of the error's body, e.g. `Reason` of a throttled call. */
  readonly members: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    extra: { members?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = 'AwsError';
    this.status = status;
    this.code = code;
    this.members = extra.members ?? {};
    this.headers = extra.headers ?? {};
  }
}
