export const id = 333;
export const ids = [333];
export const modules = {

/***/ 2333:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  createS3Store: () => (/* binding */ createS3Store)
});

// EXTERNAL MODULE: ./node_modules/@aws-sdk/client-s3/dist-cjs/index.js
var dist_cjs = __webpack_require__(3711);
// EXTERNAL MODULE: ./src/aws/arn.ts
var arn = __webpack_require__(1626);
// EXTERNAL MODULE: ./src/clock.ts
var src_clock = __webpack_require__(9373);
// EXTERNAL MODULE: ./src/errors.ts
var errors = __webpack_require__(3916);
;// CONCATENATED MODULE: ./src/state/s3-date.ts
const MIDDLEWARE = 'lumoServerDate';
/** The SDK keeps no header of a response; this one is the server's clock, which locks are measured by. */
function rememberServerDate(client) {
    client.middlewareStack.add((next) => async (args) => {
        const result = await next(args);
        const date = dateHeader(result.response);
        if (date !== undefined)
            Object.assign(result.output?.$metadata ?? {}, { [MIDDLEWARE]: Date.parse(date) });
        return result;
    }, { step: 'deserialize', priority: 'high', name: MIDDLEWARE, override: true });
}
/** Milliseconds since the epoch; undefined when the server sent no `Date`. */
function serverDateOf(output) {
    const date = output.$metadata[MIDDLEWARE];
    return date !== undefined && Number.isFinite(date) ? date : undefined;
}
function dateHeader(response) {
    return response?.headers?.date;
}

// EXTERNAL MODULE: ./src/aws/errors.ts
var aws_errors = __webpack_require__(9378);
;// CONCATENATED MODULE: ./src/state/s3-errors.ts


/** The error for people of one failed request to S3. */
async function storeError(error, call) {
    if (error instanceof errors/* ActionError */.lZ)
        return error;
    const { name, status, region } = factsOf(error);
    if (name === 'NoSuchBucket' || (status === 404 && call.key === undefined))
        return bucketNotFound(call.bucket, error);
    if (status === 301 || name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed') {
        return elsewhere(call.bucket, region, error);
    }
    const bucket = `arn:${call.partition}:s3:::${call.bucket}`;
    const object = call.key === undefined ? {} : { resource: `${bucket}/${call.key}`, grant: `${bucket}/${grantOf(call.key)}` };
    const denied = (0,aws_errors/* awsError */.es)(error, { action: call.action, resource: bucket, ...object });
    if (denied.code !== 'ACCESS_DENIED' || namesTheAction(error))
        return denied;
    // Whoever cannot say so does not hide the refusal.
    if (await call.isForeign().catch(() => false))
        return foreign(call, denied);
    return withHints(denied, call);
}
/** All keys of the same environment, or of the same kind, as the policy of the deployer has them. */
function grantOf(key) {
    return key.replace(/^(lumo-tasks\/(?:(?:state|runs)\/[^/]+\/[^/]+|[^/]+)\/).*$/, '$1*');
}
function statusOf(error) {
    return factsOf(error).status;
}
function factsOf(error) {
    if (!(error instanceof Error))
        return { name: undefined, status: undefined, region: undefined };
    const { $metadata, $response } = error;
    return {
        name: error.name,
        status: $metadata?.httpStatusCode,
        region: $response?.headers?.['x-amz-bucket-region'],
    };
}
/** IAM's own refusals within one account say what is missing; that of a foreign owner does not. */
function namesTheAction(error) {
    return error instanceof Error && error.message.includes('is not authorized to perform');
}
function bucketNotFound(bucket, cause) {
    return new errors/* ActionError */.lZ('BUCKET_NOT_FOUND', `The bucket ${bucket} does not exist.`, {
        advice: 'Create it: `command: policy` with `format: cloudformation` prints a stack that has it. Or name another one with the input `bucket`; `bucket: none` does without marker and lock.',
        cause: briefly(cause),
    });
}
function elsewhere(bucket, region, cause) {
    const where = region ? `is in the region ${region}, not in the one that is deployed to` : 'is in another region';
    return new errors/* ActionError */.lZ('BUCKET_FOREIGN', `The bucket ${bucket} ${where}.`, {
        advice: 'Use a bucket in the region of the functions: Lambda takes code only from there.',
        cause: briefly(cause),
    });
}
function foreign({ bucket, bucketOwner }, cause) {
    return new errors/* ActionError */.lZ('BUCKET_FOREIGN', `The bucket ${bucket} does not belong to the account ${bucketOwner}.`, {
        advice: 'Check the input `bucket`. When a bucket of another account is meant, name that account with the input `bucket-owner`.',
        cause,
    });
}
/** S3 says no more than "Access Denied", and for several reasons. */
function withHints(denied, { action, partition, bucket, bucketOwner }) {
    const hints = [
        ...(action === 's3:GetObject'
            ? [
                `Without s3:ListBucket on arn:${partition}:s3:::${bucket} S3 gives this answer also for an object that does not exist yet.`,
            ]
            : []),
        ...(bucketOwner === undefined
            ? []
            : [`S3 gives this answer also when the bucket does not belong to the account ${bucketOwner}.`]),
    ];
    return new errors/* ActionError */.lZ(denied.code, denied.message, {
        advice: denied.advice,
        details: [...denied.details, ...hints.map((message) => ({ message }))],
        cause: denied.cause,
    });
}
/** The SDK's error without the request and response that hang on it. */
function briefly(error) {
    if (!(error instanceof Error))
        return error;
    const { name, message } = (0,aws_errors/* awsErrorFacts */.ZR)(error);
    return Object.assign(new Error(message), { name });
}

;// CONCATENATED MODULE: ./src/state/s3-store.ts






/** The bucket over S3. Bodies are always buffers: streams would be sent in chunks, which many servers refuse. */
function createS3Store({ client, bucket, bucketOwner, clock = src_clock/* systemClock */.m }) {
    rememberServerDate(client);
    const target = { Bucket: bucket, ...(bucketOwner !== undefined && { ExpectedBucketOwner: bucketOwner }) };
    const failure = async (error, action, key) => storeError(error, {
        action,
        partition: (0,arn/* partitionOf */.i)(await client.config.region()),
        bucket,
        key,
        bucketOwner,
        isForeign: () => isForeign(client, bucket, bucketOwner),
    });
    return {
        bucket,
        async get(key) {
            try {
                const output = await client.send(new dist_cjs.GetObjectCommand({ ...target, Key: key }));
                const serverNow = serverDateOf(output) ?? clock.now();
                return {
                    body: Buffer.from((await output.Body?.transformToByteArray()) ?? []),
                    etag: etagOf(output.ETag, bucket, key),
                    // Without it the object has the age 0, so that a lock never expires too early.
                    lastModified: output.LastModified?.getTime() ?? serverNow,
                    serverNow,
                };
            }
            catch (error) {
                if (isMissingObject(error))
                    return undefined;
                throw await failure(error, 's3:GetObject', key);
            }
        },
        async put(key, body, condition) {
            const command = () => new dist_cjs.PutObjectCommand({
                ...target,
                Key: key,
                Body: Buffer.from(body),
                ContentType: key.endsWith('.json') ? 'application/json' : 'application/octet-stream',
                ...conditionHeaders(condition),
            });
            try {
                const output = await patiently(clock, () => client.send(command()));
                return { ok: true, etag: etagOf(output.ETag, bucket, key), serverNow: serverDateOf(output) ?? clock.now() };
            }
            catch (error) {
                if (condition && conditionFailed(error))
                    return { ok: false };
                throw await failure(error, 's3:PutObject', key);
            }
        },
        async delete(key, condition) {
            const command = () => new dist_cjs.DeleteObjectCommand({ ...target, Key: key, ...(condition && { IfMatch: condition.ifMatch }) });
            try {
                await patiently(clock, () => client.send(command()));
                return true;
            }
            catch (error) {
                if (condition && conditionFailed(error))
                    return false;
                throw await failure(error, 's3:DeleteObject', key);
            }
        },
        async list(prefix) {
            const keys = [];
            let token;
            try {
                do {
                    const page = await client.send(new dist_cjs.ListObjectsV2Command({ ...target, Prefix: prefix, ...(token && { ContinuationToken: token }) }));
                    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
                    token = page.IsTruncated ? page.NextContinuationToken : undefined;
                } while (token);
            }
            catch (error) {
                throw await failure(error, 's3:ListBucket');
            }
            return keys;
        },
        async exists(key) {
            try {
                await client.send(new dist_cjs.HeadObjectCommand({ ...target, Key: key }));
                return true;
            }
            catch (error) {
                // The answer to HEAD has no body, so it cannot tell a missing object from a missing bucket; the next write does.
                if (statusOf(error) === 404)
                    return false;
                throw await failure(error, 's3:GetObject', key);
            }
        },
        async check() {
            try {
                await client.send(new dist_cjs.HeadBucketCommand(target));
            }
            catch (error) {
                throw await failure(error, 's3:ListBucket');
            }
        },
    };
}
function conditionHeaders(condition) {
    if (!condition)
        return {};
    return 'ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: condition.ifNoneMatch };
}
/** 412; and 404 for `If-Match` on an object that is gone. */
function conditionFailed(error) {
    return statusOf(error) === 412 || isMissingObject(error);
}
function isMissingObject(error) {
    return error instanceof Error && error.name === 'NoSuchKey';
}
const CONFLICT_TRIES = 8;
/** 409 is S3's "somebody writes this object right now": neither done nor refused, and not retried by the SDK. */
async function patiently(clock, send) {
    for (let attempt = 1;; attempt += 1) {
        try {
            return await send();
        }
        catch (error) {
            if (statusOf(error) !== 409 || attempt === CONFLICT_TRIES)
                throw error;
            await clock.sleep(50 * 2 ** attempt * (0.5 + clock.random()));
        }
    }
}
/**
 * True when the bucket answers as soon as no owner is expected. Asked only after a refusal, and nothing is read or
 * written by it: S3 refuses a foreign owner and a missing permission with the same words.
 */
async function isForeign(client, bucket, bucketOwner) {
    if (bucketOwner === undefined)
        return false;
    const answers = async (owner) => {
        try {
            await client.send(new dist_cjs.HeadBucketCommand({ Bucket: bucket, ...owner }));
            return true;
        }
        catch (error) {
            if (statusOf(error) === 403)
                return false;
            throw error;
        }
    };
    return !(await answers({ ExpectedBucketOwner: bucketOwner })) && (await answers({}));
}
function etagOf(etag, bucket, key) {
    if (etag)
        return etag;
    throw new errors/* ActionError */.lZ('AWS_FAILED', `S3 gave no ETag for s3://${bucket}/${key}.`, {
        advice: 'Conditional writes need it: use a server that speaks the S3 API in full.',
    });
}


/***/ })

};
