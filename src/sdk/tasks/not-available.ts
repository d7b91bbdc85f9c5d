/** Something of the API that is written against but does not exist in a deployment. */
export class NotAvailableError extends Error {
  override readonly name = 'NotAvailableError';

  constructor(what: string) {
    super(`${what} is not available in deploy-time tasks`);
  }
}

/** May be imported, passed on and looked into; calling it throws `NotAvailableError`. */
export interface NotAvailable {
  (...args: unknown[]): never;
  new (...args: unknown[]): never;
  readonly [name: string]: NotAvailable;
}

export function notAvailable(path: string): NotAvailable {
  const refuse = (): never => {
    throw new NotAvailableError(`${path}()`);
  };
  // Symbols and `then` are looked up by whatever prints or awaits a value.
  const get = (_target: object, key: string | symbol): NotAvailable | undefined =>
    typeof key === 'symbol' || key === 'then' ? undefined : notAvailable(`${path}.${key}`);
  const target = function unavailable(): void {};
  return new Proxy(target, { get, apply: refuse, construct: refuse }) as unknown as NotAvailable;
}
