import { type NotAvailable } from './not-available.js';
export type Json = string | number | boolean | null | Json[] | {
    [key: string]: Json;
};
/** Changes can be chained. */
export interface MetadataApi {
    /** A copy of everything; undefined outside of a run. */
    current(): Record<string, Json> | undefined;
    get(key: string): Json | undefined;
    set(key: string, value: Json): MetadataApi;
    del(key: string): MetadataApi;
    /** Adds to the list at `key`, which is made when there is none. */
    append(key: string, value: Json): MetadataApi;
    /** Takes a value out of the list at `key`. */
    remove(key: string, value: Json): MetadataApi;
    /** By 1 unless said otherwise; a key that holds no number counts as 0. */
    increment(key: string, by?: number): MetadataApi;
    decrement(key: string, by?: number): MetadataApi;
    replace(data: Record<string, Json>): MetadataApi;
    /** Everything is handed over at the end of the attempt anyway. */
    flush(): Promise<void>;
    refresh(): Promise<void>;
    readonly stream: NotAvailable;
    readonly fetchStream: NotAvailable;
    readonly parent: NotAvailable;
    readonly root: NotAvailable;
}
/**
 * What a run tells about itself while it works; the report shows it. Keys that start with `$.` are paths, e.g.
 * `$.counts.rows`. Holds at most 256 KB as JSON: a change beyond it is refused with a warning. Outside of a run nothing
 * happens.
 */
export declare const metadata: MetadataApi;
