export type SecretResolver = (name: string) => Promise<string>;
/** Replaces where secrets come from, e.g. in tests of one's own. */
export declare function setSecretResolver(replacement: SecretResolver): void;
/**
 * The value of a secret of this project and environment. From now on it is redacted in whatever the task prints,
 * throws and returns. Throws when it does not exist, may not be read or cannot be reached.
 */
export declare function getSecret(name: string): Promise<string>;
