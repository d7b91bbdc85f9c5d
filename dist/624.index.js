export const id = 624;
export const ids = [624];
export const modules = {

/***/ 1624:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  createFunctionsApi: () => (/* binding */ createFunctionsApi)
});

// EXTERNAL MODULE: ./node_modules/@aws-sdk/client-lambda/dist-cjs/index.js
var dist_cjs = __webpack_require__(1696);
// EXTERNAL MODULE: ./src/aws/arn.ts
var arn = __webpack_require__(1626);
// EXTERNAL MODULE: ./src/aws/errors.ts
var errors = __webpack_require__(9378);
;// CONCATENATED MODULE: ./src/aws/limiter.ts
/** At most `burst` requests at once and `perSecond` on average, so never more than the sum of both within a second. */
function rateLimiter(clock, { perSecond, burst }) {
    const interval = 1000 / perSecond;
    let nextSlot = Number.NEGATIVE_INFINITY;
    return {
        async take(signal) {
            const now = clock.now();
            const slot = Math.max(nextSlot, now - (burst - 1) * interval);
            nextSlot = slot + interval;
            if (slot > now)
                await clock.sleep(slot - now, signal);
        },
    };
}
/** The quota of Lambda's control plane is 15 a second for the whole account and region, and not increasable. */
const WRITE_RATE = { perSecond: 12, burst: 2 };
/** GetFunction has a quota of its own, 100 a second. */
const READ_RATE = { perSecond: 40, burst: 50 };

;// CONCATENATED MODULE: ./src/aws/retry.ts

/** Five minutes: longer than any update of a function takes. */
const CONTROL_PLANE_LIMIT_MS = 300_000;
/** Kinds that pass by themselves, with the milliseconds for which one may hope so, and the reason as the log gives it. */
const TRANSIENT = {
    throttled: { limitMs: Number.POSITIVE_INFINITY, reason: 'too many requests' },
    conflict: { limitMs: Number.POSITIVE_INFINITY, reason: 'an update is in progress' },
    server: { limitMs: 60_000, reason: 'AWS had an error' },
    network: { limitMs: 30_000, reason: 'the connection failed' },
    // IAM tells Lambda about a new role within about a minute; a role that is wrong gives the same error for ever.
    role: { limitMs: 90_000, reason: 'the execution role is not ready' },
    clock: { limitMs: 10_000, reason: 'the clock differs from the one of AWS' },
};
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 5_000;
/**
 * Sends a request of the control plane until it is answered or the limit has passed; then the last error is thrown as it
 * is. Every such request may be sent twice: the callers treat "already exists" and "not found" as what they mean.
 */
async function retryControlPlane(request, options) {
    const { clock, log, what, limitMs = CONTROL_PLANE_LIMIT_MS, signal } = options;
    const start = clock.now();
    for (let attempt = 1;; attempt++) {
        signal?.throwIfAborted();
        try {
            return await request();
        }
        catch (error) {
            const transient = TRANSIENT[(0,errors/* awsErrorKind */.UC)(error)];
            const delay = backoff(attempt, clock);
            if (!transient || clock.now() + delay - start > Math.min(limitMs, transient.limitMs))
                throw error;
            const { name, code } = (0,errors/* awsErrorFacts */.ZR)(error);
            log.info(`${what}: ${transient.reason} (${code ?? name}), trying again in ${(delay / 1000).toFixed(1)} s`);
            await clock.sleep(delay, signal);
        }
    }
}
/** Doubles, with half of it left to chance, so that parallel deployments do not meet again. */
function backoff(attempt, clock) {
    const full = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS);
    return full / 2 + (clock.random() * full) / 2;
}

;// CONCATENATED MODULE: ./src/functions/api.ts





function createFunctionsApi({ lambda, region, clock, log, signal }) {
    const reads = rateLimiter(clock, READ_RATE);
    const writes = rateLimiter(clock, WRITE_RATE);
    /** Only GetFunction has a quota of its own; whatever else is sent, reading or writing, shares the small one. */
    async function send(operation, name, request) {
        const limiter = operation === 'GetFunction' ? reads : writes;
        const limited = async () => {
            await limiter.take(signal);
            return await request();
        };
        try {
            return await retryControlPlane(limited, { clock, log, what: `${operation} ${name}`, signal });
        }
        catch (error) {
            throw error === signal?.reason
                ? error
                : (0,errors/* awsError */.es)(error, { action: `lambda:${operation}`, resource: (0,arn/* functionArn */.m)(region, name) });
        }
    }
    return {
        clock,
        log,
        signal,
        get: (name, qualifier) => send('GetFunction', name, () => unless('not-found', lambda.send(new dist_cjs/* GetFunctionCommand */.YF5({ FunctionName: name, ...qualified(qualifier) })))),
        tags: async (functionArn) => {
            const answer = await send('ListTags', functionArn, () => lambda.send(new dist_cjs/* ListTagsCommand */.bvr({ Resource: functionArn })));
            return answer.Tags ?? {};
        },
        create: (input) => send('CreateFunction', input.FunctionName, () => unless('exists', lambda.send(new dist_cjs/* CreateFunctionCommand */.Y8X(input)))),
        updateConfiguration: (input) => send('UpdateFunctionConfiguration', input.FunctionName, () => lambda.send(new dist_cjs/* UpdateFunctionConfigurationCommand */.Zlw(input))),
        updateCode: (input) => send('UpdateFunctionCode', input.FunctionName, () => lambda.send(new dist_cjs/* UpdateFunctionCodeCommand */.KfB(input))),
        publish: (name, codeSha256) => send('PublishVersion', name, () => lambda.send(new dist_cjs/* PublishVersionCommand */.D3m({ FunctionName: name, CodeSha256: codeSha256 }))),
        versions: async (name) => {
            const found = [];
            let marker;
            do {
                const page = { FunctionName: name, ...(marker && { Marker: marker }) };
                const answer = await send('ListVersionsByFunction', name, () => lambda.send(new dist_cjs/* ListVersionsByFunctionCommand */.Ox4(page)));
                found.push(...(answer.Versions ?? []).filter((version) => version.Version !== '$LATEST'));
                marker = answer.NextMarker;
            } while (marker);
            return found;
        },
        tag: async (functionArn, tags) => {
            await send('TagResource', functionArn, () => lambda.send(new dist_cjs/* TagResourceCommand */.eqU({ Resource: functionArn, Tags: tags })));
        },
        delete: async (name, qualifier) => {
            const command = new dist_cjs/* DeleteFunctionCommand */.Z3K({ FunctionName: name, ...qualified(qualifier) });
            return (await send('DeleteFunction', name, () => unless('not-found', lambda.send(command)))) !== undefined;
        },
    };
}
function qualified(qualifier) {
    return qualifier === undefined ? {} : { Qualifier: qualifier };
}
/** An answer that is an error for the SDK, but an ordinary one for us. */
async function unless(kind, answer) {
    try {
        return await answer;
    }
    catch (error) {
        if ((0,errors/* awsErrorKind */.UC)(error) === kind)
            return undefined;
        throw error;
    }
}


/***/ })

};
