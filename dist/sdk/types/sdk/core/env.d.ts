/** An environment variable; the fallback also stands in for an empty one. */
export declare function env(name: string, fallback?: string): string;
