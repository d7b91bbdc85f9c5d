/** Something of the framework that is not part of the copy for tasks: may be imported, throws when it is used. */
export function unavailable(name: string): unknown {
  const refuse = (): never => {
    throw new Error(
      `${name} of @lumo-framework/core is not available in a task unless the package is installed: npm install @lumo-framework/core`,
    );
  };
  // Symbols are looked up by whatever prints or awaits a value.
  const get = (_target: object, key: string | symbol): undefined =>
    typeof key === 'symbol' || key === 'then' ? undefined : refuse();
  return new Proxy(() => undefined, { get, apply: refuse, construct: refuse });
}
