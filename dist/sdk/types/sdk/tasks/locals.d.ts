declare const valueType: unique symbol;
/** Names a value of type `T`. */
export interface LocalsKey<T> {
    readonly id: string;
    /** There for the types alone. */
    readonly [valueType]?: T;
}
/**
 * Values that middleware, hooks, `run` and everything they call share within one attempt. They end with it: nothing
 * survives a retry. Outside of an attempt nothing is kept.
 */
export declare const locals: {
    /** The same id names the same value everywhere. */
    create<T>(id: string): LocalsKey<T>;
    /** Returns the value. */
    set<T>(key: LocalsKey<T>, value: T): T;
    get<T>(key: LocalsKey<T>): T | undefined;
    /** Throws when nothing was set; `0`, `''`, `false` and `undefined` are values like others. */
    getOrThrow<T>(key: LocalsKey<T>): T;
};
export {};
