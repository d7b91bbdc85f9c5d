/** Something of the API that is written against but does not exist in a deployment. */
export declare class NotAvailableError extends Error {
    readonly name = "NotAvailableError";
    constructor(what: string);
}
/** May be imported, passed on and looked into; calling it throws `NotAvailableError`. */
export interface NotAvailable {
    (...args: unknown[]): never;
    new (...args: unknown[]): never;
    readonly [name: string]: NotAvailable;
}
export declare function notAvailable(path: string): NotAvailable;
