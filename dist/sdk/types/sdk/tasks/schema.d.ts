/** What validation libraries have agreed on (standardschema.dev); only the part that is used. */
export interface StandardSchema<TInput = unknown, TOutput = TInput> {
    readonly '~standard': {
        readonly version: 1;
        readonly vendor: string;
        readonly validate: (value: unknown) => unknown;
        readonly types?: {
            readonly input: TInput;
            readonly output: TOutput;
        } | undefined;
    };
}
/** Anything that checks a payload: a standard schema, an object of one of the usual libraries, or a function. */
export type Schema = StandardSchema | ((value: unknown) => unknown) | {
    parseAsync: (value: unknown) => Promise<unknown>;
} | {
    parse: (value: unknown) => unknown;
} | {
    validateSync: (value: unknown) => unknown;
} | {
    create: (value: unknown) => unknown;
} | {
    assert: (value: unknown) => void;
};
/** Type of a payload before it is checked. */
export type SchemaInput<TSchema> = TSchema extends {
    '~standard': {
        types?: {
            input: infer TInput;
        } | undefined;
    };
} ? TInput : TSchema extends {
    _input: infer TInput;
} ? TInput : SchemaOutput<TSchema>;
/** Type of a payload after it was checked: what `run` receives. */
export type SchemaOutput<TSchema> = TSchema extends {
    '~standard': {
        types?: {
            output: infer TOutput;
        } | undefined;
    };
} ? TOutput : TSchema extends {
    _output: infer TOutput;
} ? TOutput : TSchema extends (value: unknown) => infer TOutput ? Awaited<TOutput> : TSchema extends {
    parse: (value: unknown) => infer TOutput;
} ? Awaited<TOutput> : TSchema extends {
    validateSync: (value: unknown) => infer TOutput;
} ? TOutput : TSchema extends {
    create: (value: unknown) => infer TOutput;
} ? TOutput : TSchema extends {
    assert: (value: unknown) => asserts value is infer TOutput;
} ? TOutput : unknown;
