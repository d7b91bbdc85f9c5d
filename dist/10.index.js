export const id = 10;
export const ids = [10];
export const modules = {

/***/ 7010:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  LocalServer: () => (/* binding */ LocalServer)
});

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(7598);
// EXTERNAL MODULE: external "node:http"
var external_node_http_ = __webpack_require__(7067);
// EXTERNAL MODULE: external "node:timers/promises"
var promises_ = __webpack_require__(8500);
;// CONCATENATED MODULE: ./src/local/aws-error.ts
/** An answer of AWS that is an error: HTTP status, code and message, rendered per service (JSON or XML). */
class AwsError extends Error {
    status;
    code;
    /** Further members of the error's body, e.g. `Reason` of a throttled call. */
    members;
    headers;
    constructor(status, code, message, extra = {}) {
        super(message);
        this.name = 'AwsError';
        this.status = status;
        this.code = code;
        this.members = extra.members ?? {};
        this.headers = extra.headers ?? {};
    }
}

;// CONCATENATED MODULE: ./src/local/faults.ts

/** Takes the first fault that applies to `operation`, and counts it. */
function takeFault(faults, operation) {
    const index = faults.findIndex((fault) => matches(fault, operation));
    const fault = faults[index];
    if (fault === undefined)
        return undefined;
    const times = (fault.times ?? 1) - 1;
    if (times > 0)
        faults[index] = { ...fault, times };
    else
        faults.splice(index, 1);
    return fault;
}
function matches(fault, operation) {
    if (fault.operation !== operation.name)
        return false;
    if (fault.resource === undefined)
        return true;
    return typeof fault.resource === 'string'
        ? operation.resource.includes(fault.resource)
        : operation.resource.search(fault.resource) >= 0;
}
/** The error a fault answers with, if it is one of that kind. */
function faultError(fault) {
    return typeof fault.effect === 'object' && 'status' in fault.effect
        ? new AwsError(fault.effect.status, fault.effect.code, fault.effect.message)
        : undefined;
}

;// CONCATENATED MODULE: ./src/local/http.ts
/** Reads the whole body; beyond `limit` bytes it is counted and dropped, so that the client can be answered in order. */
async function readBody(message, limit) {
    let chunks = [];
    let bodyBytes = 0;
    for await (const chunk of message) {
        bodyBytes += chunk.length;
        if (bodyBytes <= limit)
            chunks.push(chunk);
        else
            chunks = [];
    }
    return { body: Buffer.concat(chunks), bodyBytes };
}
const SCOPE = /Credential=[^/,\s]+\/\d{8}\/([a-z0-9-]{1,32})\//;
/** Region of the signature's credential scope; `us-east-1` for a request without one. */
function signedRegion(headers, query) {
    const credential = query.get('X-Amz-Credential');
    const scope = credential === null ? (headers.authorization ?? '') : `Credential=${credential}`;
    return SCOPE.exec(scope)?.[1] ?? 'us-east-1';
}
function json(status, value, headers = {}) {
    return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
function xml(status, body) {
    return {
        status,
        headers: { 'content-type': 'application/xml' },
        body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
    };
}
/** `text` as the content of an XML element. */
function escapeXml(text) {
    return text.replace(/[&<>"'\r\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}

;// CONCATENATED MODULE: ./src/local/s3/signature.ts


/** The credentials of everybody here; there is nothing to protect, but a signature must be right. */
const LOCAL_KEY = 'local';
const ALGORITHM = 'AWS4-HMAC-SHA256';
/** Longest life of a presigned URL, in seconds: 7 days. */
const MAX_EXPIRES = 604_800;
/**
 * Refuses a presigned URL that was tampered with, has expired, or is sent with `x-amz-*` headers it was not signed for,
 * and a request without any signature. Signatures in the Authorization header are not computed again.
 */
function verifySignature(request, now) {
    const signature = request.query.get('X-Amz-Signature');
    if (signature === null) {
        if (request.headers.authorization?.startsWith(ALGORITHM) !== true)
            throw new AwsError(403, 'AccessDenied', 'Access Denied');
        return;
    }
    const signedHeaders = checkPresigned(request, now);
    const expected = Buffer.from(signQuery(request, signedHeaders));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !(0,external_node_crypto_.timingSafeEqual)(given, expected)) {
        throw new AwsError(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided. Check your key and signing method.');
    }
}
function checkPresigned(request, now) {
    const { query } = request;
    const date = parseAmzDate(query.get('X-Amz-Date') ?? '');
    const expires = Number(query.get('X-Amz-Expires') ?? Number.NaN);
    const scope = query.get('X-Amz-Credential')?.split('/').slice(1).join('/') ?? '';
    if (query.get('X-Amz-Algorithm') !== ALGORITHM ||
        date === undefined ||
        !/^\d{8}\/[a-z0-9-]+\/s3\/aws4_request$/.test(scope)) {
        throw parametersError('Query-string authentication requires the algorithm, credential, date and signature parameters.');
    }
    if (!(expires >= 0 && expires <= MAX_EXPIRES))
        throw parametersError('X-Amz-Expires must be between 0 and 604800 seconds');
    if (now > date + expires * 1000)
        throw new AwsError(403, 'AccessDenied', 'Request has expired');
    const signedHeaders = (query.get('X-Amz-SignedHeaders') ?? '').split(';');
    const unsigned = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-') && !signedHeaders.includes(name));
    if (unsigned.length > 0 || !signedHeaders.includes('host')) {
        const members = { HeadersNotSigned: unsigned.join(', ') };
        throw new AwsError(403, 'AccessDenied', 'There were headers present in the request which were not signed', {
            members,
        });
    }
    return signedHeaders;
}
function parametersError(message) {
    return new AwsError(400, 'AuthorizationQueryParametersError', message);
}
/** `20261124T201800Z` in milliseconds since the epoch. */
function parseAmzDate(text) {
    const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
    if (match === null)
        return undefined;
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second);
}
/** A URL that anyone may GET for `expiresSeconds`. `path` is encoded already. */
function presignGet(endpoint, path, region, now, expiresSeconds) {
    const date = `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    const query = new URLSearchParams({
        'X-Amz-Algorithm': ALGORITHM,
        'X-Amz-Credential': `${LOCAL_KEY}/${date.slice(0, 8)}/${region}/s3/aws4_request`,
        'X-Amz-Date': date,
        'X-Amz-Expires': String(expiresSeconds),
        'X-Amz-SignedHeaders': 'host',
    }).toString();
    const signature = signQuery({ method: 'GET', path, rawQuery: query, headers: { host: new URL(endpoint).host } }, [
        'host',
    ]);
    return `${endpoint}${path}?${query}&X-Amz-Signature=${signature}`;
}
/** Signature version 4 in the query, payload unsigned. */
function signQuery(request, signedHeaders) {
    const query = new URLSearchParams(request.rawQuery);
    const date = query.get('X-Amz-Date') ?? '';
    const scope = (query.get('X-Amz-Credential') ?? '').split('/').slice(1);
    const key = scope.reduce((secret, part) => hmac(secret, part), `AWS4${LOCAL_KEY}`);
    const hash = (0,external_node_crypto_.createHash)('sha256').update(canonicalRequest(request, signedHeaders)).digest('hex');
    return hmac(key, [ALGORITHM, date, scope.join('/'), hash].join('\n')).toString('hex');
}
function canonicalRequest({ method, path, rawQuery, headers }, signedHeaders) {
    const query = rawQuery.split('&').filter((pair) => pair !== '' && !pair.startsWith('X-Amz-Signature='));
    const pairs = query.map((pair) => (pair.includes('=') ? pair : `${pair}=`));
    const header = (name) => String(headers[name] ?? '')
        .trim()
        .replace(/ +/g, ' ');
    return [
        method,
        path.split('/').map(encodeAgain).join('/'),
        pairs
            .map((pair) => pair.split('=').map(encodeAgain).join('='))
            .sort()
            .join('&'),
        ...signedHeaders.map((name) => `${name}:${header(name)}`),
        '',
        signedHeaders.join(';'),
        'UNSIGNED-PAYLOAD',
    ].join('\n');
}
/** Everything encoded that RFC 3986 lets one encode, whatever the client left as it was. */
function encodeAgain(text) {
    const percent = (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
    return encodeURIComponent(decodeURIComponent(text)).replace(/[!'()*]/g, percent);
}
function hmac(key, text) {
    return (0,external_node_crypto_.createHmac)('sha256', key).update(text).digest();
}

// EXTERNAL MODULE: external "node:fs/promises"
var external_node_fs_promises_ = __webpack_require__(1455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(6760);
var external_node_path_default = /*#__PURE__*/__webpack_require__.n(external_node_path_);
// EXTERNAL MODULE: external "node:util"
var external_node_util_ = __webpack_require__(7975);
// EXTERNAL MODULE: external "node:zlib"
var external_node_zlib_ = __webpack_require__(8522);
var external_node_zlib_default = /*#__PURE__*/__webpack_require__.n(external_node_zlib_);
;// CONCATENATED MODULE: ./src/local/crc32.ts

const TABLE = Int32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++)
        value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
});
/** CRC-32 as in zip and S3, unsigned. `node:zlib` has it from Node 22.2 on only. */
function crc32(bytes) {
    const native = (external_node_zlib_default()).crc32;
    return native ? native(bytes) : crc32ByTable(bytes);
}
/** Exported for its test: what Node 20 uses. */
function crc32ByTable(bytes) {
    let crc = -1;
    for (const byte of bytes)
        crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
    return ~crc >>> 0;
}

;// CONCATENATED MODULE: ./src/local/sandbox/unzip.ts





/** The bytes are no zip that Lambda would take; the message says why. */
class BadZip extends Error {
    name = 'BadZip';
}
const END_OF_DIRECTORY = 0x06054b50;
const CENTRAL_HEADER = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const SYMBOLIC_LINK = 0o120000;
/** Entries of a zip by its central directory. Throws `BadZip`, also for names that would leave the folder. */
function readZip(zip) {
    const end = findEnd(zip);
    const count = zip.readUInt16LE(end + 10);
    let offset = zip.readUInt32LE(end + 16);
    const entries = [];
    for (let index = 0; index < count; index++) {
        if (offset + 46 > zip.length || zip.readUInt32LE(offset) !== CENTRAL_HEADER)
            throw new BadZip('broken central directory');
        const nameEnd = offset + 46 + zip.readUInt16LE(offset + 28);
        entries.push(readEntry(zip, offset, nameEnd));
        offset = nameEnd + zip.readUInt16LE(offset + 30) + zip.readUInt16LE(offset + 32);
    }
    return entries;
}
function findEnd(zip) {
    const lowest = Math.max(0, zip.length - 22 - 0xffff);
    for (let offset = zip.length - 22; offset >= lowest; offset--) {
        if (zip.readUInt32LE(offset) === END_OF_DIRECTORY)
            return offset;
    }
    throw new BadZip('no end of central directory');
}
function readEntry(zip, header, nameEnd) {
    if (nameEnd > zip.length)
        throw new BadZip('broken central directory');
    const name = zip.toString('utf8', header + 46, nameEnd);
    const mode = zip.readUInt32LE(header + 38) >>> 16;
    if (!isSafe(name))
        throw new BadZip(`entry ${JSON.stringify(name)} leaves the folder`);
    if ((mode & 0o170000) === SYMBOLIC_LINK)
        throw new BadZip(`entry ${JSON.stringify(name)} is a symbolic link`);
    if (zip.readUInt16LE(header + 8) & 1)
        throw new BadZip(`entry ${JSON.stringify(name)} is encrypted`);
    const size = zip.readUInt32LE(header + 24);
    return { name, mode: mode & 0o777, size, read: () => readData(zip, header, name, size) };
}
function isSafe(name) {
    if (name === '' || name.startsWith('/') || /[\\\0]/.test(name))
        return false;
    return !name
        .replace(/\/$/, '')
        .split('/')
        .some((part) => part === '' || part === '.' || part === '..');
}
async function readData(zip, header, name, size) {
    const local = zip.readUInt32LE(header + 42);
    if (local + 30 > zip.length || zip.readUInt32LE(local) !== LOCAL_HEADER)
        throw new BadZip(`no data for ${JSON.stringify(name)}`);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(start, start + zip.readUInt32LE(header + 20));
    const data = await decompress(packed, zip.readUInt16LE(header + 10), name, size);
    if (data.length !== size || crc32(data) !== zip.readUInt32LE(header + 16)) {
        throw new BadZip(`entry ${JSON.stringify(name)} does not match its checksum`);
    }
    return data;
}
async function decompress(packed, method, name, size) {
    if (method === 0)
        return packed;
    if (method !== 8)
        throw new BadZip(`entry ${JSON.stringify(name)} has compression method ${method}`);
    try {
        return await (0,external_node_util_.promisify)(external_node_zlib_.inflateRaw)(packed, { maxOutputLength: size + 1 });
    }
    catch (error) {
        throw new BadZip(`entry ${JSON.stringify(name)} cannot be decompressed`, { cause: error });
    }
}
/**
 * Writes the entries below `folder`, read-only. Lambda's task runs as a user that owns none of the files, so what
 * counts are the permissions of "others".
 */
async function unpack(zip, folder) {
    const folders = new Set([folder]);
    for (const entry of readZip(zip)) {
        const target = external_node_path_default().join(folder, entry.name);
        const isFolder = entry.name.endsWith('/');
        await (0,external_node_fs_promises_.mkdir)(isFolder ? target : external_node_path_default().dirname(target), { recursive: true });
        for (let parent = external_node_path_default().dirname(target); parent.length > folder.length; parent = external_node_path_default().dirname(parent))
            folders.add(parent);
        if (isFolder)
            folders.add(external_node_path_default().join(target, '.'));
        if (isFolder)
            continue;
        await (0,external_node_fs_promises_.writeFile)(target, await entry.read());
        await (0,external_node_fs_promises_.chmod)(target, readOnly(entry.mode || 0o644));
    }
    for (const name of folders)
        await (0,external_node_fs_promises_.chmod)(name, 0o555);
}
function readOnly(mode) {
    return (mode & 0o5) * 0o111;
}

;// CONCATENATED MODULE: ./src/local/lambda/validation.ts

const RUNTIMES = ['nodejs22.x', 'nodejs24.x', 'nodejs26.x'];
const RETIRED = /^nodejs(?:(?:4|6|8|10|12|14|16|18|20)\..*)?$/;
const ROLE = /^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/;
const ENVIRONMENT_BYTES = 4096;
const RESERVED = /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_REGION|AWS_DEFAULT_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|AWS_ACCESS_KEY|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|TZ|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/;
const CODE_MEMBERS = ['FunctionName', 'Code', 'PackageType', 'Publish', 'Tags'];
const SETTING_MEMBERS = [
    'Runtime',
    'Handler',
    'Role',
    'Description',
    'Timeout',
    'MemorySize',
    'EphemeralStorage',
    'LoggingConfig',
    'Environment',
    'Layers',
    'VpcConfig',
    'KMSKeyArn',
];
function invalidParameter(message) {
    return new AwsError(400, 'InvalidParameterValueException', message);
}
function violation(value, member, constraint) {
    const text = `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`;
    return new AwsError(400, 'ValidationException', text);
}
function validateName(name) {
    if (/^[a-zA-Z0-9-_]{1,64}$/.test(name))
        return name;
    throw violation(name, 'functionName', 'Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}');
}
/** Settings of a new function; `body` is that of CreateFunction. */
function newSettings(body) {
    rejectUnknown(body, [...CODE_MEMBERS, ...SETTING_MEMBERS, 'Architectures']);
    for (const member of ['Role', 'Handler', 'Runtime']) {
        if (body[member] === undefined)
            throw violation('null', lowerFirst(member), 'Member must not be null');
    }
    const defaults = {
        Runtime: '',
        Handler: '',
        Role: '',
        Description: '',
        Timeout: 3,
        MemorySize: 128,
        Architectures: architectures(body.Architectures) ?? ['x86_64'],
        EphemeralStorage: { Size: 512 },
        LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${String(body.FunctionName)}` },
    };
    return merge(defaults, body);
}
/** Settings after UpdateFunctionConfiguration: what the body does not name stays. */
function changedSettings(settings, body) {
    rejectUnknown(body, [...SETTING_MEMBERS, 'FunctionName', 'RevisionId']);
    return merge(settings, body);
}
function architectures(value) {
    if (value === undefined || value === null)
        return undefined;
    const [only] = Array.isArray(value) ? value : [];
    if (only === 'x86_64' || only === 'arm64')
        return [only];
    throw violation(JSON.stringify(value), 'architectures', 'Member must satisfy enum value set: [x86_64, arm64]');
}
function validateTags(tags) {
    for (const [key, value] of Object.entries(tags)) {
        if (key.length < 1 || key.length > 128 || value.length > 256)
            throw invalidParameter(`The tag ${key} is too long`);
        if (key.startsWith('aws:'))
            throw invalidParameter('Tag keys that start with aws: are reserved');
        if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value))
            throw invalidParameter(`The tag ${key} contains invalid characters`);
    }
    if (Object.keys(tags).length > 50)
        throw invalidParameter('The number of tags exceeds the limit of 50');
    return tags;
}
/** AWS has members this server does not know; to accept them without doing anything would be a lie. */
function rejectUnknown(body, known) {
    const unknown = Object.keys(body).find((member) => !known.includes(member) && body[member] !== null);
    if (unknown !== undefined)
        throw invalidParameter(`${unknown} is not supported by the embedded AWS`);
    if (body.PackageType !== undefined && body.PackageType !== 'Zip')
        throw invalidParameter('Only the package type Zip is supported');
}
function merge(settings, body) {
    const merged = { ...settings };
    if (body.Runtime != null)
        merged.Runtime = runtime(body.Runtime);
    if (body.Handler != null)
        merged.Handler = validation_text(body, 'Handler', /^[^\s]{1,128}$/);
    if (body.Role != null)
        merged.Role = validation_text(body, 'Role', ROLE);
    if (body.Description != null)
        merged.Description = validation_text(body, 'Description', /^.{0,256}$/s);
    if (body.KMSKeyArn != null)
        merged.KMSKeyArn = validation_text(body, 'KMSKeyArn', /^(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)?$/);
    if (body.Timeout != null)
        merged.Timeout = integer(body, 'Timeout', 1, 900);
    if (body.MemorySize != null)
        merged.MemorySize = integer(body, 'MemorySize', 128, 10_240);
    if (body.EphemeralStorage != null) {
        merged.EphemeralStorage = { Size: integer(body.EphemeralStorage, 'Size', 512, 10_240) };
    }
    if (body.Environment != null)
        merged.Environment = { Variables: variables(body.Environment.Variables) };
    if (body.Layers != null)
        merged.Layers = strings(body.Layers, 'layers', 5);
    if (body.LoggingConfig != null)
        merged.LoggingConfig = logging(body.LoggingConfig, settings.LoggingConfig);
    if (body.VpcConfig != null)
        merged.VpcConfig = vpc(body.VpcConfig);
    return merged;
}
function runtime(value) {
    if (typeof value === 'string' && RUNTIMES.includes(value))
        return value;
    if (typeof value === 'string' && RETIRED.test(value)) {
        throw invalidParameter(`The runtime parameter of ${value} is no longer supported for creating or updating AWS Lambda functions. ` +
            'We recommend you use a supported runtime while creating or updating functions.');
    }
    throw invalidParameter(`Value ${value} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${RUNTIMES.join(', ')}] or be a valid ARN`);
}
function validation_text(body, member, pattern) {
    const value = body[member];
    if (typeof value === 'string' && pattern.test(value))
        return value;
    throw violation(value, lowerFirst(member), `Member must satisfy regular expression pattern: ${pattern.source}`);
}
function integer(body, member, least, most) {
    const value = body[member];
    const at = lowerFirst(member);
    if (typeof value !== 'number' || !Number.isInteger(value))
        throw violation(value, at, 'Member must be an integer');
    if (value < least)
        throw violation(value, at, `Member must have value greater than or equal to ${least}`);
    if (value > most)
        throw violation(value, at, `Member must have value less than or equal to ${most}`);
    return value;
}
function strings(value, member, most) {
    if (Array.isArray(value) && value.length <= most && value.every((item) => typeof item === 'string'))
        return value;
    throw violation(JSON.stringify(value), member, `Member must have length less than or equal to ${most}`);
}
function variables(value) {
    const all = (value ?? {});
    const invalid = Object.entries(all).find(([key, item]) => !/^[a-zA-Z]\w+$/.test(key) || typeof item !== 'string');
    const reserved = Object.keys(all).filter((key) => RESERVED.test(key));
    if (reserved.length > 0) {
        throw invalidParameter('Lambda was unable to configure your environment variables because the environment variables you have provided ' +
            'contains reserved keys that are currently not supported for modification. ' +
            `Reserved keys used in this request: ${reserved.join(', ')}`);
    }
    if (invalid !== undefined)
        throw violation(invalid[0], 'environment.variables', 'Map keys must satisfy [a-zA-Z]([a-zA-Z0-9_])+');
    const bytes = Object.entries(all).reduce((sum, [key, item]) => sum + Buffer.byteLength(`${key}${item}`), 0);
    if (bytes > ENVIRONMENT_BYTES) {
        throw invalidParameter('Lambda was unable to configure your environment variables because the environment variables you have provided ' +
            `exceeded the 4KB limit. Bytes measured: ${bytes}`);
    }
    return all;
}
function logging(value, before) {
    if (value.LogFormat != null && value.LogFormat !== 'Text')
        throw invalidParameter('Only the log format Text is supported');
    return value.LogGroup == null
        ? before
        : { LogFormat: 'Text', LogGroup: validation_text(value, 'LogGroup', /^[.\-_/#A-Za-z0-9]{1,512}$/) };
}
function vpc(value) {
    return {
        SubnetIds: strings(value.SubnetIds ?? [], 'vpcConfig.subnetIds', 16),
        SecurityGroupIds: strings(value.SecurityGroupIds ?? [], 'vpcConfig.securityGroupIds', 5),
    };
}
function lowerFirst(member) {
    return member.charAt(0).toLowerCase() + member.slice(1);
}

;// CONCATENATED MODULE: ./src/local/lambda/code.ts





/** Where Lambda keeps the code of all functions: a bucket of its own, whose objects are handed out by presigned URLs. */
const CODE_BUCKET = 'awslambda-local-tasks';
const UNZIPPED_LIMIT = 262_144_000;
const LINK_SECONDS = 600;
/** The zips of all functions, by what Lambda calls CodeSha256. */
class CodeStore {
    #objects;
    #endpoint;
    constructor(objects, endpoint) {
        this.#objects = objects;
        this.#endpoint = endpoint;
    }
    /** Takes over what a request's `ZipFile`, or `S3Bucket` and `S3Key`, names, after it was unzipped to see whether it can be. */
    async add(members) {
        const zip = await this.#zip(members);
        await checkZip(zip);
        const sha256 = (0,external_node_crypto_.createHash)('sha256').update(zip).digest('base64');
        if ((await this.#objects.get(CODE_BUCKET, keyOf(sha256))) === undefined) {
            await this.#objects.put(CODE_BUCKET, keyOf(sha256), zip);
        }
        return { sha256, size: zip.length };
    }
    async get(sha256) {
        const stored = await this.#objects.get(CODE_BUCKET, keyOf(sha256));
        if (stored === undefined)
            throw new AwsError(500, 'ServiceException', 'The code of the function is missing from the state folder.');
        return stored.body;
    }
    location(sha256, region) {
        return presignGet(this.#endpoint, `/${CODE_BUCKET}/${keyOf(sha256)}`, region, this.#objects.now(), LINK_SECONDS);
    }
    async #zip({ ZipFile, S3Bucket, S3Key }) {
        if (typeof ZipFile === 'string')
            return Buffer.from(ZipFile, 'base64');
        if (typeof S3Bucket !== 'string' || typeof S3Key !== 'string')
            throw invalidParameter('Please provide a source for function code.');
        const stored = await this.#objects.get(S3Bucket, S3Key);
        if (stored !== undefined)
            return stored.body;
        throw invalidParameter('Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.');
    }
}
function keyOf(sha256) {
    return `${Buffer.from(sha256, 'base64').toString('hex')}.zip`;
}
async function checkZip(zip) {
    try {
        const entries = readZip(zip);
        const size = entries.reduce((sum, entry) => sum + entry.size, 0);
        if (entries.length === 0)
            throw invalidParameter('Uploaded file must be a non-empty zip');
        if (size > UNZIPPED_LIMIT)
            throw invalidParameter(`Unzipped size must be smaller than ${UNZIPPED_LIMIT} bytes`);
        for (const entry of entries)
            await entry.read();
    }
    catch (error) {
        if (!(error instanceof BadZip))
            throw error;
        throw invalidParameter(`Could not unzip uploaded file. Please check your file, then try to upload again. (${error.message})`);
    }
}

;// CONCATENATED MODULE: ./src/local/lambda/records.ts
const LATEST = '$LATEST';
function isPending(version, now) {
    return version.change === 'create' && now < version.readyAt;
}
function isUpdating(version, now) {
    return version.change === 'update' && now < version.readyAt;
}
function revisionId(version, now) {
    return now < version.readyAt ? version.revisions.changing : version.revisions.complete;
}

;// CONCATENATED MODULE: ./src/local/lambda/answers.ts

function functionArn(account, region, name, version) {
    const qualifier = version === undefined || version === LATEST ? '' : `:${version}`;
    return `arn:aws:lambda:${region}:${account}:function:${name}${qualifier}`;
}
/** Lambda's FunctionConfiguration, as every operation answers it. `qualified`: the ARN names the version. */
function configuration(account, record, version, now, qualified = false) {
    const { Environment, Layers, VpcConfig, KMSKeyArn, ...settings } = version.settings;
    const arn = functionArn(account, record.region, record.name);
    return {
        FunctionName: record.name,
        FunctionArn: qualified
            ? `${arn}:${version.version}`
            : functionArn(account, record.region, record.name, version.version),
        ...settings,
        CodeSize: version.codeSize,
        CodeSha256: version.codeSha256,
        LastModified: version.lastModified,
        Version: version.version,
        PackageType: 'Zip',
        TracingConfig: { Mode: 'PassThrough' },
        SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
        RevisionId: revisionId(version, now),
        ...(Environment && Object.keys(Environment.Variables).length > 0 ? { Environment } : {}),
        ...(Layers && Layers.length > 0 ? { Layers: Layers.map((layer) => ({ Arn: layer, CodeSize: 0 })) } : {}),
        ...(VpcConfig ? { VpcConfig: { ...VpcConfig, VpcId: VpcConfig.SubnetIds.length > 0 ? 'vpc-local' : '' } } : {}),
        ...(KMSKeyArn ? { KMSKeyArn } : {}),
        ...state(version, now),
    };
}
function state(version, now) {
    if (isPending(version, now)) {
        return { State: 'Pending', StateReason: 'The function is being created.', StateReasonCode: 'Creating' };
    }
    if (!isUpdating(version, now))
        return { State: 'Active', LastUpdateStatus: 'Successful' };
    return {
        State: 'Active',
        LastUpdateStatus: 'InProgress',
        LastUpdateStatusReason: 'The function is being created.',
        LastUpdateStatusReasonCode: 'Creating',
    };
}

;// CONCATENATED MODULE: ./src/local/lambda/functions.ts





/** The control plane: operations on functions and versions, with the states and conflicts that Lambda has. */
class Functions {
    #account;
    #store;
    #code;
    #timing;
    #now;
    constructor(options) {
        this.#account = options.account;
        this.#store = options.store;
        this.#code = options.code;
        this.#timing = options.timing;
        this.#now = options.now;
    }
    async create(region, body) {
        const name = validateName(String(body.FunctionName ?? ''));
        const settings = newSettings(body);
        const tags = validateTags((body.Tags ?? {}));
        const code = await this.#code.add((body.Code ?? {}));
        return this.#store.update(region, name, (file) => {
            if (file.function !== null)
                throw new AwsError(409, 'ResourceConflictException', `Function already exist: ${name}`);
            const now = this.#now();
            const latest = this.#change(LATEST, settings, { codeSha256: code.sha256, codeSize: code.size }, 'create', now);
            const record = { name, region, tags, latest, versions: [] };
            file.function = record;
            const answered = body.Publish === true ? this.#publish(file, record, now) : latest;
            return configuration(this.#account, record, answered, now);
        });
    }
    async get(ref) {
        const { record, version } = await this.find(ref);
        const tagged = ref.qualifier === undefined && Object.keys(record.tags).length > 0;
        return {
            Configuration: configuration(this.#account, record, version, this.#now(), ref.qualifier !== undefined),
            Code: { RepositoryType: 'S3', Location: this.#code.location(version.codeSha256, ref.region) },
            ...(tagged ? { Tags: record.tags } : {}),
        };
    }
    async getConfiguration(ref) {
        const { record, version } = await this.find(ref);
        return configuration(this.#account, record, version, this.#now(), ref.qualifier !== undefined);
    }
    async updateCode(ref, body) {
        const { Publish, DryRun, RevisionId, Architectures, ...source } = body;
        await this.find(ref);
        const code = await this.#code.add(source);
        return this.#update(ref, RevisionId, (record, file, now) => {
            const settings = {
                ...record.latest.settings,
                Architectures: architectures(Architectures) ?? record.latest.settings.Architectures,
            };
            const latest = this.#change(LATEST, settings, { codeSha256: code.sha256, codeSize: code.size }, 'update', now);
            if (DryRun === true)
                return configuration(this.#account, record, latest, now);
            record.before = record.latest;
            record.latest = latest;
            const answered = Publish === true ? this.#publish(file, record, now) : latest;
            return configuration(this.#account, record, answered, now);
        });
    }
    async updateConfiguration(ref, body) {
        return this.#update(ref, body.RevisionId, (record, _file, now) => {
            const settings = changedSettings(record.latest.settings, body);
            record.before = record.latest;
            record.latest = this.#change(LATEST, settings, record.latest, 'update', now);
            return configuration(this.#account, record, record.latest, now);
        });
    }
    async publishVersion(ref, body) {
        return this.#update(ref, body.RevisionId, (record, file, now) => {
            const { codeSha256 } = record.latest;
            if (body.CodeSha256 != null && body.CodeSha256 !== codeSha256) {
                throw invalidParameter(`CodeSHA256 (${body.CodeSha256}) is different from current CodeSHA256 in $LATEST (${codeSha256}). ` +
                    'Please try again with the CodeSHA256 in $LATEST.');
            }
            const description = typeof body.Description === 'string' ? body.Description : undefined;
            return configuration(this.#account, record, this.#publish(file, record, now, description), now);
        });
    }
    async listVersions(ref, query) {
        const { record } = await this.find(ref);
        const { items, NextMarker } = page([record.latest, ...record.versions], query);
        const now = this.#now();
        return { Versions: items.map((version) => configuration(this.#account, record, version, now, true)), NextMarker };
    }
    async list(region, query) {
        const records = await this.#store.list(region);
        const all = records.flatMap((record) => {
            const versions = query.get('FunctionVersion') === 'ALL' ? [record.latest, ...record.versions] : [record.latest];
            return versions.map((version) => configuration(this.#account, record, version, this.#now()));
        });
        const { items, NextMarker } = page(all, query);
        return { Functions: items, NextMarker };
    }
    async delete(ref) {
        await this.#store.update(ref.region, ref.name, (file) => {
            const record = this.#existing(file, ref);
            if (ref.qualifier === undefined) {
                file.function = null;
                return;
            }
            if (ref.qualifier === LATEST)
                throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
            this.#version(record, ref);
            record.versions = record.versions.filter((version) => version.version !== ref.qualifier);
        });
    }
    async tags(ref) {
        this.#refuseQualifier(ref);
        return (await this.find(ref)).record.tags;
    }
    async changeTags(ref, change) {
        this.#refuseQualifier(ref);
        await this.#update(ref, undefined, (record) => {
            record.tags = validateTags(change(record.tags));
        });
    }
    /** Lets the last change take so many milliseconds longer, with the version that was published from it. */
    async prolong(ref, milliseconds) {
        await this.#store.update(ref.region, ref.name, ({ function: record }) => {
            if (record === null)
                return;
            const { latest, versions } = record;
            const newest = versions.filter(({ readyAt }) => readyAt >= latest.readyAt).at(-1);
            const until = this.#now() + milliseconds;
            for (const version of newest ? [latest, newest] : [latest])
                version.readyAt = Math.max(version.readyAt, until);
        });
    }
    /** The function and the version a qualifier names; `$LATEST` without one. */
    async find(ref) {
        const record = await this.#store.get(ref.region, ref.name);
        if (record === undefined)
            throw this.#notFound(ref);
        return { record, version: this.#version(record, ref) };
    }
    #refuseQualifier(ref) {
        if (ref.qualifier === undefined)
            return;
        throw invalidParameter('Tags on function aliases and versions are not supported. Please specify either a function ARN.');
    }
    #version(record, ref) {
        if (ref.qualifier === undefined || ref.qualifier === LATEST)
            return record.latest;
        const version = record.versions.find(({ version }) => version === ref.qualifier);
        if (version === undefined)
            throw this.#notFound(ref);
        return version;
    }
    #existing(file, ref) {
        if (file.function === null)
            throw this.#notFound(ref);
        return file.function;
    }
    #notFound({ region, name, qualifier }) {
        const arn = functionArn(this.#account, region, name) + (qualifier === undefined ? '' : `:${qualifier}`);
        return new AwsError(404, 'ResourceNotFoundException', `Function not found: ${arn}`);
    }
    /** A change of an existing function: refused while another one goes on, and when the caller saw an older revision. */
    #update(ref, expected, change) {
        return this.#store.update(ref.region, ref.name, (file) => {
            const record = this.#existing(file, ref);
            const now = this.#now();
            this.#refuseWhileChanging(record, now);
            if (expected != null && expected !== revisionId(record.latest, now)) {
                const message = 'The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId';
                throw new AwsError(412, 'PreconditionFailedException', message);
            }
            return change(record, file, now);
        });
    }
    #refuseWhileChanging(record, now) {
        const arn = functionArn(this.#account, record.region, record.name);
        if (isPending(record.latest, now))
            throw pendingConflict();
        if (isUpdating(record.latest, now)) {
            const message = `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`;
            throw new AwsError(409, 'ResourceConflictException', message);
        }
    }
    #change(version, settings, { codeSha256, codeSize }, change, now) {
        const readyAt = now + (change === 'create' ? this.#timing.pendingMs : this.#timing.updateMs);
        const lastModified = `${new Date(now).toISOString().slice(0, -1)}+0000`;
        const revisions = { changing: (0,external_node_crypto_.randomUUID)(), complete: (0,external_node_crypto_.randomUUID)() };
        return { version, settings, codeSha256, codeSize, lastModified, readyAt, change, revisions };
    }
    /** Makes `$LATEST` a version, unless it is what the last version is already. A new one is Pending for a while. */
    #publish(file, record, now, description) {
        const last = record.versions.at(-1);
        if (last !== undefined && isSame(last, record.latest))
            return last;
        const { settings, ...latest } = record.latest;
        const described = description === undefined ? settings : { ...settings, Description: description };
        const published = this.#change(String(file.nextVersion), described, latest, 'create', now);
        published.readyAt = Math.max(record.latest.readyAt, now + this.#timing.updateMs);
        file.nextVersion += 1;
        record.versions.push(published);
        return published;
    }
}
function pendingConflict() {
    const message = 'The operation cannot be performed at this time. The function is currently in the following state: Pending';
    return new AwsError(409, 'ResourceConflictException', message);
}
/** Same code and same settings; a version may have a description of its own. */
function isSame(one, other) {
    const settings = ({ settings: { Description: _, ...rest } }) => JSON.stringify(Object.entries(rest).sort());
    return one.codeSha256 === other.codeSha256 && settings(one) === settings(other);
}
const PAGE_SIZE = 50;
function page(all, query) {
    const start = Number(query.get('Marker') ?? 0);
    const size = Math.min(Number(query.get('MaxItems') ?? PAGE_SIZE), PAGE_SIZE);
    const items = all.slice(start, start + size);
    const end = start + items.length;
    return end < all.length ? { items, NextMarker: String(end) } : { items };
}

// EXTERNAL MODULE: external "node:child_process"
var external_node_child_process_ = __webpack_require__(1421);
// EXTERNAL MODULE: external "node:events"
var external_node_events_ = __webpack_require__(8474);
// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(8161);
var external_node_os_default = /*#__PURE__*/__webpack_require__.n(external_node_os_);
;// CONCATENATED MODULE: ./src/local/sandbox/environment.ts


/**
 * The whole environment of a task: what Lambda sets, the function's variables, and the way to this server. Nothing is
 * inherited from the process that runs the action.
 */
function sandboxEnvironment(spec, folders, runtimeApi, logStream) {
    return {
        AWS_ENDPOINT_URL: spec.endpoint,
        ...spec.variables,
        AWS_ACCESS_KEY_ID: LOCAL_KEY,
        AWS_SECRET_ACCESS_KEY: LOCAL_KEY,
        AWS_SESSION_TOKEN: LOCAL_KEY,
        AWS_REGION: spec.region,
        AWS_DEFAULT_REGION: spec.region,
        AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
        AWS_LAMBDA_FUNCTION_NAME: spec.functionName,
        AWS_LAMBDA_FUNCTION_VERSION: spec.version,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
        AWS_LAMBDA_LOG_GROUP_NAME: spec.logGroup,
        AWS_LAMBDA_LOG_STREAM_NAME: logStream,
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_LAMBDA_RUNTIME_API: runtimeApi,
        LAMBDA_TASK_ROOT: folders.task,
        _HANDLER: spec.handler,
        TZ: 'UTC',
        LANG: spec.variables.LANG ?? 'en_US.UTF-8',
        PATH: spec.variables.PATH ?? `${external_node_path_default().dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
        TMPDIR: folders.temporary,
        HOME: spec.variables.HOME ?? folders.home,
    };
}
/** Flags Lambda starts Node with: the heap is bounded by the function's memory. */
function nodeFlags(memoryMb) {
    return [
        `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
        `--max-semi-space-size=${Math.max(1, Math.floor(memoryMb * 0.05))}`,
    ];
}

;// CONCATENATED MODULE: ./src/local/sandbox/log-file.ts

/** What LogResult holds, in bytes. */
const TAIL_BYTES = 4096;
/** A log is cut when it outgrows this: nobody will ask for more than its end. */
const CUT_BYTES = 16 * 1024 * 1024;
/**
 * The log of a sandbox: a file both output streams of the task append to, with the lines of the platform in between.
 * Node writes to a file at once, to a pipe when it finds the time, so an answer never overtakes the output before it.
 */
class LogFile {
    #file;
    #closed = false;
    static async create(path) {
        return new LogFile(await (0,external_node_fs_promises_.open)(path, 'a+'));
    }
    constructor(file) {
        this.#file = file;
    }
    /** For the standard streams of a process. */
    get fd() {
        return this.#file.fd;
    }
    async append(text) {
        await this.#file.appendFile(text);
    }
    /** The last 4 KB so far; the log is empty afterwards. */
    async take() {
        const { size } = await this.#file.stat();
        const length = Math.min(size, TAIL_BYTES);
        const { buffer } = await this.#file.read(Buffer.alloc(length), 0, length, size - length);
        await this.#file.truncate();
        return buffer;
    }
    /** Keeps a task that never stops writing from filling the disk. */
    async cut() {
        if (this.#closed)
            return;
        const { size } = await this.#file.stat();
        if (size > CUT_BYTES && !this.#closed)
            await this.#file.truncate();
    }
    async close() {
        this.#closed = true;
        await this.#file.close();
    }
}

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(3024);
;// CONCATENATED MODULE: ./src/local/sandbox/memory.ts



const KIB = 1024;
/** Resident bytes of all processes of a group; 0 when it is gone. */
async function residentBytes(group) {
    return process.platform === 'linux' ? residentByProc(group) : residentByPs(group);
}
/** The group is the third field of `/proc/<pid>/stat` behind the parenthesised name. */
function residentByProc(group) {
    let bytes = 0;
    for (const pid of (0,external_node_fs_.readdirSync)('/proc')) {
        if (!/^\d+$/.test(pid))
            continue;
        const stat = readProc(`/proc/${pid}/stat`);
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(fields[2]) === group)
            bytes += statusBytes(pid, 'VmRSS');
    }
    return bytes;
}
/** Highest resident size the process ever had, where the system tells. */
function peakBytes(pid) {
    return process.platform === 'linux' ? statusBytes(pid, 'VmHWM') : 0;
}
function statusBytes(pid, field) {
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readProc(`/proc/${pid}/status`));
    return Number(match?.[1] ?? 0) * KIB;
}
/** Empty for a process that ended in between. */
function readProc(file) {
    try {
        return (0,external_node_fs_.readFileSync)(file, 'latin1');
    }
    catch {
        return '';
    }
}
async function residentByPs(group) {
    const stdout = await listSizes();
    const sizes = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
    return sizes.reduce((sum, [pgid, kib = 0]) => (pgid === group ? sum + kib * KIB : sum), 0);
}
/** Empty when no process can be started just then: the next poll makes up for it. */
async function listSizes() {
    try {
        return (await (0,external_node_util_.promisify)(external_node_child_process_.execFile)('ps', ['-A', '-o', 'pgid=,rss='])).stdout;
    }
    catch {
        return '';
    }
}

;// CONCATENATED MODULE: ./src/local/sandbox/runtime-api.ts


/** Longest response of a synchronous invocation, in bytes. */
const RESPONSE_LIMIT = 6_291_556;
/** The Lambda Runtime API of one sandbox, on its own port of the loopback interface. */
class RuntimeApi {
    #server;
    #listener;
    #waiting;
    #event;
    static async start(listener) {
        const server = (0,external_node_http_.createServer)();
        // The client's connection is idle while the handler runs, however long.
        server.keepAliveTimeout = 0;
        await new Promise((resolve, reject) => {
            server.once('error', reject).listen(0, '127.0.0.1', resolve);
        });
        return new RuntimeApi(server, listener);
    }
    constructor(server, listener) {
        this.#server = server;
        this.#listener = listener;
        server.on('request', (message, response) => {
            this.#serve(message, response).catch((error) => response.destroy(error));
        });
    }
    get address() {
        return `127.0.0.1:${this.#server.address().port}`;
    }
    /** Hands over the event as soon as the client asks for one. */
    dispatch(event) {
        this.#event = event;
        this.#deliver();
    }
    close() {
        this.#server.close();
        this.#server.closeAllConnections();
    }
    async #serve(message, response) {
        const { body, bodyBytes } = await readBody(message, RESPONSE_LIMIT);
        const [, call = '', id = ''] = /^\/2018-06-01\/runtime\/(?:invocation\/)?(?:([^/]+)\/)?([^/]+)$/.exec(message.url ?? '') ?? [];
        switch (`${message.method} ${id}`) {
            case 'GET next':
                this.#waiting = response;
                this.#listener.onReady();
                this.#deliver();
                return;
            case 'POST response':
                this.#listener.onResponse(decodeURIComponent(call), body, bodyBytes);
                return accept(response, bodyBytes > RESPONSE_LIMIT ? 413 : 202);
            case 'POST error':
                if (call === 'init')
                    this.#listener.onInitError(body);
                else
                    this.#listener.onError(decodeURIComponent(call), body);
                return accept(response, 202);
            default:
                return accept(response, 404);
        }
    }
    #deliver() {
        if (this.#waiting === undefined || this.#event === undefined)
            return;
        const { payload, headers } = this.#event;
        this.#waiting.writeHead(200, {
            'content-type': 'application/json',
            'content-length': String(payload.length),
            ...headers,
        });
        this.#waiting.end(payload);
        this.#waiting = undefined;
        this.#event = undefined;
    }
}
function accept(response, status) {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"OK"}');
}

;// CONCATENATED MODULE: ./src/local/sandbox/outcome.ts

function answered(body, bytes) {
    if (bytes <= RESPONSE_LIMIT)
        return { payload: body, status: 'success' };
    const errorType = 'Function.ResponseSizeTooLarge';
    const message = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${RESPONSE_LIMIT} bytes).`;
    return { payload: errorPayload(errorType, message), status: 'error', errorType };
}
function timedOut(requestId, seconds) {
    const text = `Task timed out after ${seconds.toFixed(2)} seconds`;
    return {
        payload: errorPayload('Sandbox.Timedout', `RequestId: ${requestId} Error: ${text}`),
        status: 'timeout',
        logLine: `${new Date().toISOString()} ${requestId} ${text}\n`,
    };
}
/** `body` is what the runtime client posted about the import of the handler. */
function initFailed(body) {
    const { errorType } = JSON.parse(body.toString());
    return () => ({ payload: body, status: 'error', errorType });
}
const SIGNAL_WORDS = {
    SIGABRT: 'aborted',
    SIGBUS: 'bus error',
    SIGFPE: 'floating point exception',
    SIGILL: 'illegal instruction',
    SIGKILL: 'killed',
    SIGSEGV: 'segmentation fault',
    SIGTERM: 'terminated',
};
/** A process that ends with an invocation in flight has failed, also with exit code 0. */
function exited(code, signal) {
    const status = signal === null ? `exit status ${code}` : `signal: ${SIGNAL_WORDS[signal] ?? signal}`;
    const text = code === 0 ? 'Runtime exited without providing a reason' : `Runtime exited with error: ${status}`;
    const errorType = 'Runtime.ExitError';
    return (requestId) => {
        const message = `RequestId: ${requestId} Error: ${text}`;
        return {
            payload: errorPayload(errorType, message),
            status: 'error',
            errorType,
            logLine: `${message}\n${errorType}`,
        };
    };
}
function errorPayload(errorType, errorMessage) {
    return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}

;// CONCATENATED MODULE: ./src/local/sandbox/report.ts
const MIB = 1024 * 1024;
/** END and REPORT, tab separated as Lambda writes them. The init phase is billed. */
function reportLines(report) {
    const { requestId, durationMs, initMs, memoryMb } = report;
    const fields = [
        `REPORT RequestId: ${requestId}`,
        `Duration: ${durationMs.toFixed(2)} ms`,
        `Billed Duration: ${Math.ceil(durationMs + (initMs ?? 0))} ms`,
        `Memory Size: ${memoryMb} MB`,
        `Max Memory Used: ${Math.min(memoryMb, Math.ceil(report.usedBytes / MIB))} MB`,
    ];
    if (initMs !== undefined)
        fields.push(`Init Duration: ${initMs.toFixed(2)} ms`);
    if (report.status !== 'success')
        fields.push(`Status: ${report.status}`);
    if (report.errorType !== undefined)
        fields.push(`Error Type: ${report.errorType}`);
    return `END RequestId: ${requestId}\n${fields.join('\t')}\t\n`;
}

;// CONCATENATED MODULE: ./src/local/sandbox/strays.ts

/**
 * Ends the processes that a task has moved out of its process group: on Lambda they end with their environment, here
 * they would go on after the deployment. They are known by the environment they inherited; Linux only.
 */
function killStrays(taskRoot) {
    if (process.platform !== 'linux')
        return;
    const mark = `LAMBDA_TASK_ROOT=${taskRoot}\0`;
    for (const pid of (0,external_node_fs_.readdirSync)('/proc')) {
        if (!/^\d+$/.test(pid) || !environmentOf(pid).includes(mark))
            continue;
        try {
            process.kill(Number(pid), 'SIGKILL');
        }
        catch {
            // It has ended in between.
        }
    }
}
/** Empty for a process that ended in between, or that belongs to somebody else. */
function environmentOf(pid) {
    try {
        return `${(0,external_node_fs_.readFileSync)(`/proc/${pid}/environ`, 'latin1')}\0`;
    }
    catch {
        return '';
    }
}

;// CONCATENATED MODULE: ./src/local/sandbox/sandbox.ts















const POLL_MS = process.platform === 'linux' ? 100 : 500;
/** A response that was posted just before the process ended is read within this time. */
const EXIT_GRACE_MS = 20;
const sandbox_MIB = 1024 * 1024;
/**
 * One execution environment: the unpacked code in a process group of its own, driven by AWS's runtime client. Runs one
 * invocation at a time and stays warm between them, until the process ends or has to be killed.
 */
class Sandbox {
    #spec;
    #folder;
    #log;
    #startedAt = 0;
    #api;
    /** Undefined again as soon as it has exited: its process id may then be somebody else's. */
    #child;
    #settle;
    #requestId = '';
    /** How the process ended, before, during or after an invocation. */
    #ended;
    #initMs;
    #initReported = false;
    #usedBytes = 0;
    #disposed;
    #initialised;
    #markInitialised = () => { };
    static async start(spec, zip) {
        const folder = await (0,external_node_fs_promises_.mkdtemp)(external_node_path_default().join(await (0,external_node_fs_promises_.realpath)(external_node_os_default().tmpdir()), 'lumo-sandbox-'));
        const sandbox = new Sandbox(spec, folder, await LogFile.create(external_node_path_default().join(folder, 'log')));
        try {
            await sandbox.#start(zip);
        }
        catch (error) {
            await sandbox.dispose();
            throw error;
        }
        return sandbox;
    }
    constructor(spec, folder, log) {
        this.#spec = spec;
        this.#folder = folder;
        this.#log = log;
        this.#initialised = new Promise((resolve) => {
            this.#markInitialised = resolve;
        });
    }
    get alive() {
        return this.#ended === undefined && this.#child !== undefined;
    }
    /** Waits for the end of the init phase, well or badly; false when it takes longer. */
    async initialised(limitMs) {
        const stop = new AbortController();
        const watch = this.#watch();
        try {
            const late = (0,promises_.setTimeout)(limitMs, false, { signal: stop.signal });
            return await Promise.race([this.#initialised.then(() => true), late]);
        }
        finally {
            stop.abort();
            clearInterval(watch);
        }
    }
    async invoke(invocation) {
        const { requestId } = invocation;
        const begin = performance.now();
        await this.#log.append(`START RequestId: ${requestId} Version: ${this.#spec.version}\n`);
        const outcome = await this.#run(invocation);
        const durationMs = outcome.status === 'timeout' ? this.#spec.timeoutSeconds * 1000 : performance.now() - begin;
        if (this.alive)
            this.#usedBytes = Math.max(this.#usedBytes, peakBytes(this.#pid));
        const report = reportLines({ requestId, durationMs, ...this.#takeInit(), ...this.#measured(outcome) });
        await this.#log.append(outcome.logLine === undefined ? report : `${outcome.logLine}\n${report}`);
        return { payload: outcome.payload, failed: outcome.status !== 'success', log: await this.#log.take() };
    }
    /** Ends the whole process group at once. */
    kill() {
        this.#end(exited(null, 'SIGKILL'));
        killGroup(this.#pid);
    }
    /** Ends the process group and removes the sandbox's files. */
    dispose() {
        this.#disposed ??= this.#dispose();
        return this.#disposed;
    }
    async #dispose() {
        this.kill();
        killStrays(external_node_path_default().join(this.#folder, 'task'));
        this.#api?.close();
        await this.#log.close();
        await removeFolder(this.#folder);
    }
    get #pid() {
        return this.#child?.pid ?? 0;
    }
    async #start(zip) {
        const folders = {
            task: external_node_path_default().join(this.#folder, 'task'),
            temporary: external_node_path_default().join(this.#folder, 'tmp'),
            home: external_node_path_default().join(this.#folder, 'home'),
        };
        await (0,external_node_fs_promises_.mkdir)(folders.task);
        await (0,external_node_fs_promises_.mkdir)(folders.temporary);
        await unpack(zip, folders.task);
        this.#api = await RuntimeApi.start({
            onReady: () => this.#onReady(),
            onInitError: (body) => this.#onInitError(body),
            onResponse: (requestId, body, bytes) => this.#onAnswer(requestId, answered(body, bytes)),
            onError: (requestId, body) => this.#onAnswer(requestId, { payload: body, status: 'error' }),
        });
        const logStream = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[${this.#spec.version}]${(0,external_node_crypto_.randomUUID)().replaceAll('-', '')}`;
        this.#startedAt = performance.now();
        const child = (0,external_node_child_process_.spawn)(process.execPath, [...nodeFlags(this.#spec.memoryMb), this.#spec.runtimeClient], {
            cwd: folders.task,
            env: sandboxEnvironment(this.#spec, folders, this.#api.address, logStream),
            detached: true,
            stdio: ['ignore', this.#log.fd, this.#log.fd, 'pipe'],
        });
        this.#child = child;
        child.stdio[3]?.on('error', () => { });
        child.once('exit', (code, signal) => void this.#onExit(code, signal));
        await (0,external_node_events_.once)(child, 'spawn');
    }
    async #run({ requestId, payload, clientContext }) {
        if (this.#ended !== undefined)
            return this.#ended(requestId);
        const { timeoutSeconds, arn } = this.#spec;
        const watch = this.#watch();
        const deadline = setTimeout(() => this.#onDeadline(requestId), timeoutSeconds * 1000);
        this.#requestId = requestId;
        try {
            return await new Promise((settle) => {
                this.#settle = settle;
                this.#api?.dispatch({
                    requestId,
                    payload,
                    headers: {
                        'lambda-runtime-aws-request-id': requestId,
                        'lambda-runtime-deadline-ms': String(Date.now() + timeoutSeconds * 1000),
                        'lambda-runtime-invoked-function-arn': arn,
                        'lambda-runtime-trace-id': `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${requestId.replaceAll('-', '').slice(0, 24)};Sampled=0`,
                        ...(clientContext === undefined ? {} : { 'lambda-runtime-client-context': clientContext }),
                    },
                });
            });
        }
        finally {
            clearTimeout(deadline);
            clearInterval(watch);
        }
    }
    #onReady() {
        this.#initMs ??= performance.now() - this.#startedAt;
        this.#markInitialised();
    }
    /** The client posts why, and then exits. */
    #onInitError(body) {
        this.#end(initFailed(body));
    }
    #onDeadline(requestId) {
        this.#onAnswer(requestId, timedOut(requestId, this.#spec.timeoutSeconds));
        this.kill();
    }
    #onAnswer(requestId, outcome) {
        if (requestId === this.#requestId)
            this.#settleWith(outcome);
    }
    async #onExit(code, signal) {
        killGroup(this.#pid);
        this.#child = undefined;
        await (0,promises_.setTimeout)(EXIT_GRACE_MS);
        this.#end(exited(code, signal));
    }
    #end(ending) {
        this.#ended ??= ending;
        this.#settleWith(this.#ended(this.#requestId));
        this.#markInitialised();
    }
    #settleWith(outcome) {
        this.#settle?.(outcome);
        this.#settle = undefined;
    }
    #watch() {
        return setInterval(() => void this.#checkLimits(), POLL_MS);
    }
    async #checkLimits() {
        if (this.#child === undefined)
            return;
        const bytes = await residentBytes(this.#pid);
        this.#usedBytes = Math.max(this.#usedBytes, bytes);
        if (bytes > this.#spec.memoryMb * sandbox_MIB)
            killGroup(this.#pid);
        await this.#log.cut();
    }
    #takeInit() {
        const initMs = this.#initReported ? undefined : this.#initMs;
        this.#initReported = true;
        return { initMs };
    }
    #measured({ status, errorType }) {
        return { status, errorType, memoryMb: this.#spec.memoryMb, usedBytes: this.#usedBytes };
    }
}
function killGroup(pid) {
    if (pid === 0)
        return;
    try {
        process.kill(-pid, 'SIGKILL');
    }
    catch {
        // The group is gone already; on macOS a group of zombies answers EPERM.
    }
}
/** Folders of the code are read-only, which keeps their entries from being removed. */
async function removeFolder(folder) {
    await makeWritable(folder);
    await (0,external_node_fs_promises_.rm)(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}
async function makeWritable(folder) {
    await (0,external_node_fs_promises_.chmod)(folder, 0o755);
    for (const entry of await (0,external_node_fs_promises_.readdir)(folder, { withFileTypes: true })) {
        if (entry.isDirectory())
            await makeWritable(external_node_path_default().join(folder, entry.name));
    }
}

;// CONCATENATED MODULE: ./src/local/sandbox/pool.ts

/** The sandboxes of a server: one per version stays warm, invocations at the same time get one each. */
class SandboxPool {
    #initMs;
    #idleMs;
    #idle = new Map();
    #all = new Set();
    #closed = false;
    #killAll = () => {
        for (const sandbox of this.#all)
            sandbox.kill();
    };
    /** Milliseconds: longest init phase, and how long a warm sandbox waits for its next invocation. */
    constructor({ initMs, idleMs }) {
        this.#initMs = initMs;
        this.#idleMs = idleMs;
        process.on('exit', this.#killAll);
    }
    /** `key` names what may share a sandbox: one revision of one version. `code` gives the zip when one has to be started. */
    async invoke(key, spec, code, invocation) {
        const sandbox = this.#takeIdle(key) ?? (await this.#start(spec, await code()));
        const result = await sandbox.invoke(invocation);
        await this.#giveBack(key, sandbox);
        return result;
    }
    async close() {
        this.#closed = true;
        process.off('exit', this.#killAll);
        for (const { timer } of this.#idle.values())
            clearTimeout(timer);
        this.#idle.clear();
        await Promise.all([...this.#all].map((sandbox) => this.#dispose(sandbox)));
    }
    #takeIdle(key) {
        const idle = this.#idle.get(key);
        this.#idle.delete(key);
        clearTimeout(idle?.timer);
        if (idle?.sandbox.alive)
            return idle.sandbox;
        if (idle !== undefined)
            void this.#dispose(idle.sandbox);
        return undefined;
    }
    /** An init phase that takes too long is started again, and then counts as part of the invocation. */
    async #start(spec, zip) {
        const first = await this.#add(spec, zip);
        if (await first.initialised(this.#initMs))
            return first;
        await this.#dispose(first);
        return this.#add(spec, zip);
    }
    async #add(spec, zip) {
        const sandbox = await Sandbox.start(spec, zip);
        this.#all.add(sandbox);
        if (this.#closed) {
            await this.#dispose(sandbox);
            throw new Error('the embedded AWS was closed while a sandbox was starting');
        }
        return sandbox;
    }
    async #giveBack(key, sandbox) {
        if (!sandbox.alive || this.#idle.has(key))
            return this.#dispose(sandbox);
        const timer = setTimeout(() => {
            this.#idle.delete(key);
            void this.#dispose(sandbox);
        }, this.#idleMs).unref();
        this.#idle.set(key, { sandbox, timer });
    }
    async #dispose(sandbox) {
        this.#all.delete(sandbox);
        await sandbox.dispose();
    }
}

;// CONCATENATED MODULE: ./src/local/lambda/invoke.ts






const SYNC_LIMIT = 6_291_456;
const ASYNC_LIMIT = 1_048_576;
/** The data plane: invocations of all three types. */
class Invoker {
    #options;
    #pool;
    #closing = new AbortController();
    constructor(options) {
        this.#options = options;
        this.#pool = new SandboxPool(options);
    }
    async close() {
        this.#closing.abort();
        await this.#pool.close();
    }
    async invoke(ref, request) {
        const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
        const payload = checkPayload(request, String(type));
        const { record, version } = await this.#options.functions.find(ref);
        const now = this.#options.now();
        if (isPending(version, now))
            throw pendingConflict();
        const running = version === record.latest && isUpdating(version, now) ? (record.before ?? version) : version;
        const run = () => this.#run(record, running, request, payload);
        switch (type) {
            case 'DryRun':
                return { status: 204 };
            case 'Event':
                void this.#runLater(run);
                return { status: 202, headers: executedVersion(running) };
            case 'RequestResponse':
                return answer(await run(), running, request.headers['x-amz-log-type'] === 'Tail');
            default:
                throw new AwsError(400, 'InvalidParameterValueException', `Unknown invocation type ${type}`);
        }
    }
    #run(record, version, request, payload) {
        const context = request.headers['x-amz-client-context'];
        const clientContext = typeof context === 'string' ? Buffer.from(context, 'base64').toString() : undefined;
        return this.#pool.invoke(version.revisions.complete, this.#spec(record, version), () => this.#options.code.get(version.codeSha256), { requestId: request.requestId, payload, clientContext });
    }
    /** An event that fails is tried twice more, as Lambda does by default. */
    async #runLater(run) {
        const { signal } = this.#closing;
        try {
            for (const wait of [0, this.#options.asyncRetryMs, 2 * this.#options.asyncRetryMs]) {
                await (0,promises_.setTimeout)(wait, undefined, { signal, ref: false });
                if (!(await run()).failed)
                    return;
            }
        }
        catch (error) {
            if (!signal.aborted)
                throw error;
        }
    }
    #spec(record, version) {
        const { settings } = version;
        const { account, endpoint, runtimeClient } = this.#options;
        return {
            arn: functionArn(account, record.region, record.name, version.version),
            functionName: record.name,
            version: version.version,
            handler: settings.Handler,
            runtime: settings.Runtime,
            region: record.region,
            timeoutSeconds: settings.Timeout,
            memoryMb: settings.MemorySize,
            logGroup: settings.LoggingConfig.LogGroup,
            variables: settings.Environment?.Variables ?? {},
            endpoint,
            runtimeClient,
        };
    }
}
/** No payload is an empty object. */
function checkPayload(request, type) {
    const limit = type === 'Event' ? ASYNC_LIMIT : SYNC_LIMIT;
    if (request.bodyBytes > limit) {
        const message = `${request.bodyBytes} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`;
        throw new AwsError(413, 'RequestTooLargeException', message);
    }
    if (request.body.length === 0)
        return Buffer.from('{}');
    try {
        JSON.parse(request.body.toString());
    }
    catch (error) {
        const message = `Could not parse request body into json: ${error instanceof Error ? error.message : error}`;
        throw new AwsError(400, 'InvalidRequestContentException', message);
    }
    return request.body;
}
function answer(result, version, withLog) {
    return {
        status: 200,
        headers: {
            'content-type': 'application/json',
            ...executedVersion(version),
            ...(result.failed ? { 'x-amz-function-error': 'Unhandled' } : {}),
            ...(withLog ? { 'x-amz-log-result': result.log.toString('base64') } : {}),
        },
        body: result.payload,
    };
}
function executedVersion(version) {
    return { 'x-amz-executed-version': version.version };
}

;// CONCATENATED MODULE: ./src/local/lambda/rate.ts

/** So many calls a second, and no more than that at once. */
class TokenBucket {
    #perSecond;
    #tokens;
    #filledAt = performance.now();
    constructor(perSecond) {
        this.#perSecond = perSecond;
        this.#tokens = perSecond;
    }
    take() {
        const now = performance.now();
        this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#filledAt) / 1000) * this.#perSecond);
        this.#filledAt = now;
        if (this.#tokens < 1)
            return false;
        this.#tokens -= 1;
        return true;
    }
}
/** The account's quota of the control plane: GetFunction 100 a second, everything else but Invoke 15 a second together. */
class ControlPlaneQuota {
    #reads = new TokenBucket(100);
    #others = new TokenBucket(15);
    check(operation) {
        if (operation === 'Invoke')
            return;
        const bucket = operation === 'GetFunction' ? this.#reads : this.#others;
        if (bucket.take())
            return;
        throw new AwsError(429, 'TooManyRequestsException', 'Rate exceeded', {
            members: { Reason: 'CallerRateLimitExceeded' },
        });
    }
}

;// CONCATENATED MODULE: ./src/local/files.ts




/** The file's bytes, or undefined when there is none. */
async function readIfExists(file) {
    try {
        return await (0,external_node_fs_promises_.readFile)(file);
    }
    catch (error) {
        if (errorCode(error) === 'ENOENT')
            return undefined;
        throw error;
    }
}
/** Replaces `file` in one step: a reader sees the old bytes or the new ones, never a part. */
async function writeAtomically(file, parts) {
    await (0,external_node_fs_promises_.mkdir)(external_node_path_default().dirname(file), { recursive: true });
    const temporary = `${file}.${(0,external_node_crypto_.randomUUID)()}.tmp`;
    const handle = await (0,external_node_fs_promises_.open)(temporary, 'wx');
    try {
        for (const part of parts)
            await handle.writeFile(part);
    }
    finally {
        await handle.close();
    }
    await (0,external_node_fs_promises_.rename)(temporary, file);
}
/** Names of the entries of `folder` without the temporary ones; none when it does not exist. */
async function listFolder(folder) {
    try {
        const names = await (0,external_node_fs_promises_.readdir)(folder);
        return names.filter((name) => !name.endsWith('.tmp') && !name.endsWith('.lock'));
    }
    catch (error) {
        if (errorCode(error) === 'ENOENT')
            return [];
        throw error;
    }
}
/** Critical sections take milliseconds: an owner that holds one for this long is gone, whatever its process id says. */
const STALE_LOCK_MS = 10_000;
const queues = new Map();
/** Runs `body` while nobody else, in this process or another one on this machine, runs one for the same `file`. */
async function withLock(file, body) {
    const previous = queues.get(file) ?? Promise.resolve();
    const mine = previous.then(() => withProcessLock(file, body));
    const settled = mine.then(() => undefined, () => undefined);
    queues.set(file, settled);
    try {
        return await mine;
    }
    finally {
        if (queues.get(file) === settled)
            queues.delete(file);
    }
}
/**
 * The lock is a folder that holds one entry named after its owner. Renaming a prepared folder onto it succeeds only
 * when it is missing or empty, and removing a dead owner's entry cannot hit the entry of a live one: no moment in
 * which two processes both believe to have taken it.
 */
async function withProcessLock(file, body) {
    const lock = `${file}.lock`;
    const owner = `${process.pid}-${(0,external_node_crypto_.randomUUID)()}`;
    await (0,external_node_fs_promises_.mkdir)(external_node_path_default().dirname(lock), { recursive: true });
    const prepared = `${lock}.${owner}.tmp`;
    await (0,external_node_fs_promises_.mkdir)(external_node_path_default().join(prepared, owner), { recursive: true });
    while (!(await takeLock(prepared, owner, lock))) {
        await removeStaleOwner(lock);
        await (0,promises_.setTimeout)(2 + Math.random() * 8);
    }
    try {
        return await body();
    }
    finally {
        await removeEntry(lock, owner);
    }
}
async function takeLock(prepared, owner, lock) {
    const now = new Date();
    try {
        await (0,external_node_fs_promises_.utimes)(external_node_path_default().join(prepared, owner), now, now);
        await (0,external_node_fs_promises_.rename)(prepared, lock);
        return true;
    }
    catch (error) {
        if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST')
            return false;
        await (0,external_node_fs_promises_.rm)(prepared, { recursive: true, force: true });
        throw error;
    }
}
async function removeStaleOwner(lock) {
    for (const owner of await listFolder(lock)) {
        if (!isAlive(Number.parseInt(owner, 10)) || (await ageOf(external_node_path_default().join(lock, owner))) > STALE_LOCK_MS) {
            await removeEntry(lock, owner);
        }
    }
}
async function removeEntry(lock, owner) {
    await ignoring(['ENOENT'], () => (0,external_node_fs_promises_.rmdir)(external_node_path_default().join(lock, owner)));
    await ignoring(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => (0,external_node_fs_promises_.rmdir)(lock));
}
async function ageOf(entry) {
    try {
        return Date.now() - (await (0,external_node_fs_promises_.stat)(entry)).mtimeMs;
    }
    catch (error) {
        if (errorCode(error) === 'ENOENT')
            return 0;
        throw error;
    }
}
function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    }
    catch (error) {
        return errorCode(error) === 'EPERM';
    }
}
/** Removes `file`; fine when it is gone already. */
async function removeFile(file) {
    await ignoring(['ENOENT'], () => (0,external_node_fs_promises_.unlink)(file));
}
async function ignoring(codes, body) {
    try {
        await body();
    }
    catch (error) {
        if (!codes.includes(errorCode(error) ?? ''))
            throw error;
    }
}
function errorCode(error) {
    return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

;// CONCATENATED MODULE: ./src/local/lambda/store.ts


/** Functions on disk, one file each; changes of one function exclude each other, also between processes. */
class FunctionStore {
    #folder;
    constructor(stateDir) {
        this.#folder = external_node_path_default().join(stateDir, 'lambda');
    }
    async get(region, name) {
        return (await this.#read(this.#file(region, name))).function ?? undefined;
    }
    /** `change` edits the file's contents in place; nothing is written when it throws. */
    async update(region, name, change) {
        const file = this.#file(region, name);
        return withLock(file, async () => {
            const contents = await this.#read(file);
            const before = JSON.stringify(contents);
            const result = change(contents);
            const after = JSON.stringify(contents);
            if (after !== before)
                await writeAtomically(file, [after]);
            return result;
        });
    }
    async list(region) {
        const names = (await listFolder(external_node_path_default().join(this.#folder, region))).map((name) => name.replace(/\.json$/, ''));
        const records = await Promise.all(names.sort().map((name) => this.get(region, name)));
        return records.filter((record) => record !== undefined);
    }
    async #read(file) {
        const bytes = await readIfExists(file);
        return bytes === undefined ? { nextVersion: 1, function: null } : JSON.parse(bytes.toString());
    }
    #file(region, name) {
        return external_node_path_default().join(this.#folder, region, `${name}.json`);
    }
}

;// CONCATENATED MODULE: ./src/local/lambda/service.ts







/** Longest request of the control plane, in bytes: 50 MB as base64 and a little more. */
const REQUEST_LIMIT = 70_167_211;
const FUNCTIONS = '/2015-03-31/functions';
const TAGS = '/2017-03-31/tags/';
/** Lambda's REST API. */
class LambdaService {
    #functions;
    #invoker;
    #quota = new ControlPlaneQuota();
    constructor({ stateDir, account, endpoint, runtimeClient, timing, objects, now }) {
        const code = new CodeStore(objects, endpoint);
        const functions = new Functions({ account, store: new FunctionStore(stateDir), code, timing, now });
        this.#functions = functions;
        this.#invoker = new Invoker({ account, endpoint, runtimeClient, functions, code, now, ...timing });
    }
    close() {
        return this.#invoker.close();
    }
    route(request) {
        const path = request.path.replace(/\/$/, '');
        if (path.startsWith(TAGS))
            return this.#operation(request, path.slice(TAGS.length), this.#tagRoute(request));
        if (path === FUNCTIONS)
            return this.#collectionOperation(request);
        if (!path.startsWith(`${FUNCTIONS}/`))
            return undefined;
        const [name = '', call = ''] = path.slice(FUNCTIONS.length + 1).split('/');
        return this.#operation(request, name, this.#functionRoute(request, call));
    }
    async prolong({ resource }, { region }, milliseconds) {
        const [name = ''] = resource.split(':');
        await this.#functions.prolong({ region, name }, milliseconds);
    }
    renderError(error) {
        const body = {
            Type: error.status < 500 ? 'User' : 'Service',
            message: error.message,
            Message: error.message,
            ...error.members,
        };
        return json(error.status, body, { 'x-amzn-errortype': error.code, ...error.headers });
    }
    #collectionOperation(request) {
        if (request.method === 'GET') {
            const list = async () => json(200, await this.#functions.list(request.region, request.query));
            return this.#checked('ListFunctions', '', request, list);
        }
        if (request.method !== 'POST')
            return undefined;
        const body = request.bodyBytes < REQUEST_LIMIT ? parseBody(request) : {};
        return this.#checked('CreateFunction', String(body.FunctionName ?? ''), request, async () => json(201, await this.#functions.create(request.region, body)));
    }
    #functionRoute(request, call) {
        const functions = this.#functions;
        const body = () => parseBody(request);
        switch (`${request.method} ${call}`) {
            case 'GET ':
                return ['GetFunction', async (ref) => json(200, await functions.get(ref))];
            case 'DELETE ':
                return ['DeleteFunction', async (ref) => functions.delete(ref).then(() => ({ status: 204 }))];
            case 'GET configuration':
                return ['GetFunctionConfiguration', async (ref) => json(200, await functions.getConfiguration(ref))];
            case 'PUT configuration':
                return [
                    'UpdateFunctionConfiguration',
                    async (ref) => json(200, await functions.updateConfiguration(ref, body())),
                ];
            case 'PUT code':
                return ['UpdateFunctionCode', async (ref) => json(200, await functions.updateCode(ref, body()))];
            case 'GET versions':
                return ['ListVersionsByFunction', async (ref) => json(200, await functions.listVersions(ref, request.query))];
            case 'POST versions':
                return ['PublishVersion', async (ref) => json(201, await functions.publishVersion(ref, body()))];
            case 'POST invocations':
                return ['Invoke', (ref) => this.#invoker.invoke(ref, request)];
            default:
                return undefined;
        }
    }
    #tagRoute(request) {
        const functions = this.#functions;
        const done = { status: 204 };
        switch (request.method) {
            case 'GET':
                return ['ListTags', async (ref) => json(200, { Tags: await functions.tags(ref) })];
            case 'POST': {
                const added = () => parseBody(request).Tags;
                return [
                    'TagResource',
                    (ref) => functions.changeTags(ref, (tags) => ({ ...tags, ...added() })).then(() => done),
                ];
            }
            case 'DELETE': {
                const removed = request.query.getAll('tagKeys');
                const without = (tags) => Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.includes(key)));
                return ['UntagResource', (ref) => functions.changeTags(ref, without).then(() => done)];
            }
            default:
                return undefined;
        }
    }
    #operation(request, reference, found) {
        const [name, run] = found ?? ['Unknown', unknownOperation(request)];
        const ref = parseReference(decodeURIComponent(reference), request);
        const resource = ref.qualifier === undefined ? ref.name : `${ref.name}:${ref.qualifier}`;
        return this.#checked(name, resource, request, () => run(ref));
    }
    #checked(name, resource, request, run) {
        return {
            name,
            resource,
            run: async () => {
                if (name !== 'Invoke' && request.bodyBytes >= REQUEST_LIMIT) {
                    const message = `Request must be smaller than ${REQUEST_LIMIT} bytes for the ${name} operation`;
                    throw new AwsError(413, 'RequestEntityTooLargeException', message);
                }
                this.#quota.check(name);
                return run();
            },
        };
    }
}
/** A name, `name:qualifier`, a partial or a whole ARN; the qualifier may also be in the query. */
function parseReference(reference, request) {
    const match = /^(?:(?:arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):)?(?:\d{12}:)?function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/.exec(reference);
    if (match === null) {
        const message = `1 validation error detected: Value '${reference}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern`;
        throw new AwsError(400, 'ValidationException', message);
    }
    const [, region = request.region, name = '', inName] = match;
    return { region, name, qualifier: request.query.get('Qualifier') ?? inName };
}
function parseBody(request) {
    try {
        const body = JSON.parse(request.body.toString() || '{}');
        if (typeof body === 'object' && body !== null && !Array.isArray(body))
            return body;
    }
    catch {
        // Answered below, like any other body that is no JSON object.
    }
    throw new AwsError(400, 'SerializationException', 'The request body is not a JSON object');
}
function unknownOperation(request) {
    const message = `The embedded AWS does not know ${request.method} ${request.path}`;
    return () => Promise.reject(new AwsError(404, 'UnknownOperationException', message));
}

;// CONCATENATED MODULE: ./src/local/s3/list.ts


/** ListObjectsV2: prefix, delimiter, pages of up to 1,000. */
async function listObjects(objects, bucket, query) {
    const prefix = query.get('prefix') ?? '';
    const delimiter = query.get('delimiter') ?? '';
    const maxKeys = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
    if (!Number.isInteger(maxKeys) || maxKeys < 0) {
        throw new AwsError(400, 'InvalidArgument', 'Argument maxKeys must be an integer between 0 and 2147483647');
    }
    const token = query.get('continuation-token');
    const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
    const infos = (await objects.list(bucket, prefix)).filter((info) => Buffer.from(info.key).compare(Buffer.from(after)) > 0);
    const rows = group(infos, prefix, delimiter);
    const page = rows.slice(0, maxKeys);
    const truncated = rows.length > page.length && maxKeys > 0;
    const next = truncated
        ? `<NextContinuationToken>${encodeToken(page.at(-1)?.last ?? '')}</NextContinuationToken>`
        : '';
    return xml(200, `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name>` +
        `<Prefix>${escapeXml(prefix)}</Prefix>${delimiter === '' ? '' : `<Delimiter>${escapeXml(delimiter)}</Delimiter>`}` +
        `<MaxKeys>${maxKeys}</MaxKeys><KeyCount>${page.length}</KeyCount><IsTruncated>${truncated}</IsTruncated>${next}` +
        `${page.map((row) => row.element).join('')}</ListBucketResult>`);
}
function encodeToken(key) {
    return Buffer.from(key).toString('base64url');
}
function group(infos, prefix, delimiter) {
    const rows = new Map();
    for (const info of infos) {
        const end = delimiter === '' ? -1 : info.key.indexOf(delimiter, prefix.length);
        if (end < 0) {
            rows.set(info.key, { last: info.key, element: contents(info) });
            continue;
        }
        const common = info.key.slice(0, end + delimiter.length);
        const element = `<CommonPrefixes><Prefix>${escapeXml(common)}</Prefix></CommonPrefixes>`;
        rows.set(`${common}\0`, { last: info.key, element });
    }
    return [...rows.values()];
}
function contents(info) {
    return (`<Contents><Key>${escapeXml(info.key)}</Key><LastModified>${new Date(info.lastModified).toISOString()}</LastModified>` +
        `<ETag>${escapeXml(info.etag)}</ETag><Size>${info.size}</Size><StorageClass>STANDARD</StorageClass></Contents>`);
}

;// CONCATENATED MODULE: ./src/local/s3/objects.ts





/**
 * Objects on disk: one file per object, named by the hash of its key, that holds one line of JSON and then the bytes,
 * so that both change in one step. Writes of one key exclude each other, also between processes.
 */
class ObjectStore {
    /** Milliseconds since the epoch. */
    now;
    #folder;
    /** Key of each file that was listed before: a file's name never belongs to another key. */
    #keys = new Map();
    constructor(stateDir, now = Date.now) {
        this.#folder = external_node_path_default().join(stateDir, 's3');
        this.now = now;
    }
    async get(bucket, key) {
        const bytes = await readIfExists(this.#file(bucket, key));
        return bytes && parse(bytes);
    }
    async put(bucket, key, body, { headers = {}, checksums = {} } = {}, condition = {}) {
        const file = this.#file(bucket, key);
        const etag = `"${(0,external_node_crypto_.createHash)('md5').update(body).digest('hex')}"`;
        return withLock(file, async () => {
            checkCondition(condition, key, await readInfo(file));
            const lastModified = Math.floor(this.now() / 1000) * 1000;
            const info = { key, etag, size: body.length, lastModified, headers, checksums };
            await writeAtomically(file, [`${JSON.stringify(info)}\n`, body]);
            return info;
        });
    }
    /** Deleting what is not there succeeds, with a condition too, as in S3. */
    async delete(bucket, key, condition = {}) {
        const file = this.#file(bucket, key);
        await withLock(file, async () => {
            const info = await readInfo(file);
            if (info === undefined)
                return;
            checkCondition(condition, key, info);
            await removeFile(file);
        });
    }
    /** Every object whose key starts with `prefix`, in the order of UTF-8 bytes. */
    async list(bucket, prefix) {
        const folder = this.#bucket(bucket);
        const files = (await listFolder(folder)).filter((name) => name.endsWith('.object'));
        const infos = await Promise.all(files.map((name) => this.#listed(external_node_path_default().join(folder, name), prefix)));
        return infos
            .filter((info) => info !== undefined)
            .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    }
    /** What is known of the file, when its key starts with `prefix`. */
    async #listed(file, prefix) {
        if (this.#keys.get(file)?.startsWith(prefix) === false)
            return undefined;
        const info = await readInfo(file);
        if (info !== undefined)
            this.#keys.set(file, info.key);
        return info?.key.startsWith(prefix) ? info : undefined;
    }
    /** Owner of a bucket that was created, or undefined when it was not. */
    async owner(bucket) {
        const bytes = await readIfExists(external_node_path_default().join(this.#bucket(bucket), 'bucket.json'));
        return bytes && JSON.parse(bytes.toString()).owner;
    }
    async createBucket(bucket, owner) {
        await writeAtomically(external_node_path_default().join(this.#bucket(bucket), 'bucket.json'), [JSON.stringify({ owner })]);
    }
    #bucket(bucket) {
        if (!BUCKET_NAME.test(bucket))
            throw new AwsError(400, 'InvalidBucketName', 'The specified bucket is not valid.');
        return external_node_path_default().join(this.#folder, bucket);
    }
    #file(bucket, key) {
        return external_node_path_default().join(this.#bucket(bucket), `${(0,external_node_crypto_.createHash)('sha256').update(key).digest('hex')}.object`);
    }
}
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
function checkCondition({ ifNoneMatch, ifMatch }, key, current) {
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
        throw new AwsError(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented', {
            members: { Header: 'If-None-Match' },
        });
    }
    if (ifNoneMatch !== undefined && current !== undefined)
        throw preconditionFailed('If-None-Match');
    if (ifMatch === undefined)
        return;
    if (current === undefined)
        throw noSuchKey(key);
    if (ifMatch !== '*' && ifMatch !== current.etag && `"${ifMatch}"` !== current.etag)
        throw preconditionFailed('If-Match');
}
function preconditionFailed(condition) {
    const message = 'At least one of the pre-conditions you specified did not hold';
    return new AwsError(412, 'PreconditionFailed', message, { members: { Condition: condition } });
}
function noSuchKey(key) {
    return new AwsError(404, 'NoSuchKey', 'The specified key does not exist.', { members: { Key: key } });
}
function parse(bytes) {
    const end = bytes.indexOf(10);
    return { info: JSON.parse(bytes.toString('utf8', 0, end)), body: bytes.subarray(end + 1) };
}
/** Longer than any first line: a key has 1,024 bytes, user metadata 2 KB. */
const HEAD_BYTES = 16_384;
async function readInfo(file) {
    const handle = await (0,external_node_fs_promises_.open)(file).catch((error) => {
        if (error.code === 'ENOENT')
            return undefined;
        throw error;
    });
    if (handle === undefined)
        return undefined;
    try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
        return parse(buffer.subarray(0, bytesRead)).info;
    }
    finally {
        await handle.close();
    }
}

;// CONCATENATED MODULE: ./src/local/s3/upload.ts



/** `x-amz-*` headers, also those that a presigned URL carries in its query. */
function amzHeaders(request) {
    const all = {};
    for (const [name, value] of request.query)
        all[name.toLowerCase()] = value;
    for (const [name, value] of Object.entries(request.headers))
        all[name] = String(value);
    return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('x-amz-')));
}
/** The bytes that were meant, out of their framing, after every checksum that came with them was compared. */
function readUpload(request) {
    if (request.body.length !== request.bodyBytes) {
        throw new AwsError(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
    }
    const headers = amzHeaders(request);
    const payloadHash = headers['x-amz-content-sha256'] ?? '';
    const chunked = payloadHash.startsWith('STREAMING-') || /aws-chunked/.test(request.headers['content-encoding'] ?? '');
    const { body, trailers } = chunked ? decodeChunks(request.body) : { body: request.body, trailers: {} };
    if (chunked && Number(headers['x-amz-decoded-content-length'] ?? body.length) !== body.length)
        throw incompleteBody();
    if (/^[0-9a-f]{64}$/.test(payloadHash) && payloadHash !== sha(body, 'sha256', 'hex')) {
        throw new AwsError(400, 'XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    const md5 = request.headers['content-md5'];
    if (md5 !== undefined && md5 !== sha(body, 'md5', 'base64')) {
        throw new AwsError(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
    return { body, checksums: checkedChecksums({ ...headers, ...trailers }, body) };
}
function checkedChecksums(headers, body) {
    const kept = {};
    for (const [name, value] of Object.entries(headers)) {
        const algorithm = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.exec(name)?.[1];
        if (algorithm === undefined)
            continue;
        const computed = compute(algorithm, body);
        if (computed !== undefined && computed !== value) {
            const label = algorithm.toUpperCase();
            throw new AwsError(400, 'BadDigest', `The ${label} you specified did not match the calculated checksum.`);
        }
        kept[name] = value;
    }
    return kept;
}
/** Undefined for the two algorithms that Node does not have: those are kept as they came. */
function compute(algorithm, body) {
    if (algorithm === 'sha1' || algorithm === 'sha256')
        return sha(body, algorithm, 'base64');
    if (algorithm !== 'crc32')
        return undefined;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(body));
    return bytes.toString('base64');
}
function sha(body, algorithm, encoding) {
    return (0,external_node_crypto_.createHash)(algorithm).update(body).digest(encoding);
}
/** `aws-chunked`: `<hex size>[;chunk-signature=...]CRLF bytes CRLF ... 0 CRLF [trailer: value CRLF]* CRLF`. */
function decodeChunks(framed) {
    const chunks = [];
    let offset = 0;
    for (;;) {
        const lineEnd = framed.indexOf('\r\n', offset);
        const size = lineEnd < 0 ? Number.NaN : Number.parseInt(framed.toString('latin1', offset, lineEnd), 16);
        const start = lineEnd + 2;
        if (Number.isNaN(size) || start + size > framed.length)
            throw incompleteBody();
        if (size === 0)
            return { body: Buffer.concat(chunks), trailers: parseTrailers(framed.toString('latin1', start)) };
        chunks.push(framed.subarray(start, start + size));
        offset = start + size + 2;
    }
}
function parseTrailers(text) {
    const pairs = text.split('\r\n').map((line) => line.split(/:(.*)/s, 2).map((part) => part.trim()));
    return Object.fromEntries(pairs.flatMap(([name, value]) => (name && value ? [[name.toLowerCase(), value]] : [])));
}
function incompleteBody() {
    return new AwsError(400, 'IncompleteBody', 'The request body terminated unexpectedly');
}

;// CONCATENATED MODULE: ./src/local/s3/service.ts






/** Query parameters that name no sub-resource. */
const PLAIN_PARAMETER = /^(x-id|x-amz-.*|list-type|prefix|delimiter|max-keys|continuation-token|start-after|fetch-owner)$/i;
/** S3 with path-style addresses: buckets, objects, conditional writes, presigned URLs. */
class S3Service {
    objects;
    #account;
    #bucketOwners;
    #presignedOnly;
    constructor(options) {
        this.objects = new ObjectStore(options.stateDir, options.now);
        this.#account = options.account;
        this.#bucketOwners = options.bucketOwners;
        this.#presignedOnly = options.presignedOnly;
    }
    route(request) {
        const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(request.path) ?? [];
        const target = { bucket: decode(bucket), key: decode(key), request };
        const subresource = [...request.query.keys()].find((name) => !PLAIN_PARAMETER.test(name));
        if (bucket === '' || subresource !== undefined)
            return undefined;
        const found = key === '' ? this.#bucketOperation(target) : this.#objectOperation(target);
        if (found === undefined)
            return undefined;
        const [name, run] = found;
        const resource = key === '' ? target.bucket : `${target.bucket}/${target.key}`;
        const { headers } = request;
        const conditional = headers['if-match'] !== undefined || headers['if-none-match'] !== undefined;
        return { name, resource, conditional, run: () => this.#authorized(name, target, run) };
    }
    #bucketOperation(target) {
        const { method, query } = target.request;
        if (method === 'PUT')
            return ['CreateBucket', () => this.#createBucket(target)];
        if (method === 'HEAD')
            return ['HeadBucket', async () => headBucket(target)];
        if (method === 'GET' && query.get('list-type') === '2') {
            return ['ListObjectsV2', () => listObjects(this.objects, target.bucket, query)];
        }
        return undefined;
    }
    #objectOperation(target) {
        if (target.request.headers['x-amz-copy-source'] !== undefined)
            return undefined;
        switch (target.request.method) {
            case 'PUT':
                return ['PutObject', () => this.#putObject(target)];
            case 'GET':
                return ['GetObject', () => this.#getObject(target)];
            case 'HEAD':
                return ['HeadObject', () => this.#getObject(target)];
            case 'DELETE':
                return ['DeleteObject', () => this.#deleteObject(target)];
            default:
                return undefined;
        }
    }
    async #authorized(name, target, run) {
        verifySignature(target.request, this.objects.now());
        if (target.bucket === this.#presignedOnly)
            return this.#handOut(name, target);
        if (name === 'CreateBucket')
            return run();
        const owner = await this.#owner(target.bucket);
        if (owner === undefined) {
            const members = { BucketName: target.bucket };
            throw new AwsError(404, 'NoSuchBucket', 'The specified bucket does not exist', { members });
        }
        const expected = amzHeaders(target.request)['x-amz-expected-bucket-owner'];
        if (expected !== undefined && expected !== owner)
            throw new AwsError(403, 'AccessDenied', 'Access Denied');
        return run();
    }
    async #handOut(name, target) {
        if (name !== 'GetObject' || !target.request.query.has('X-Amz-Signature'))
            throw new AwsError(403, 'AccessDenied', 'Access Denied');
        return this.#getObject(target);
    }
    /** `lumo-tasks-<account>-*` exists by itself. */
    async #owner(bucket) {
        if (Object.hasOwn(this.#bucketOwners, bucket))
            return this.#bucketOwners[bucket];
        if (bucket.startsWith(`lumo-tasks-${this.#account}-`))
            return this.#account;
        return this.objects.owner(bucket);
    }
    async #createBucket({ bucket }) {
        const owner = await this.#owner(bucket);
        if (owner === this.#account) {
            const message = 'Your previous request to create the named bucket succeeded and you already own it.';
            throw new AwsError(409, 'BucketAlreadyOwnedByYou', message);
        }
        if (owner !== undefined)
            throw new AwsError(409, 'BucketAlreadyExists', 'The requested bucket name is not available.');
        await this.objects.createBucket(bucket, this.#account);
        return { status: 200, headers: { location: `/${bucket}` } };
    }
    async #putObject({ bucket, key, request }) {
        const { body, checksums } = readUpload(request);
        if (Buffer.byteLength(key) > 1024)
            throw new AwsError(400, 'KeyTooLongError', 'Your key is too long');
        const condition = { ifNoneMatch: request.headers['if-none-match'], ifMatch: request.headers['if-match'] };
        const info = await this.objects.put(bucket, key, body, { headers: keptHeaders(request), checksums }, condition);
        return { status: 200, headers: { etag: info.etag, 'x-amz-server-side-encryption': 'AES256', ...checksums } };
    }
    async #getObject({ bucket, key, request }) {
        const stored = await this.objects.get(bucket, key);
        if (stored === undefined)
            throw noSuchKey(key);
        return { status: 200, headers: objectHeaders(stored, request), body: stored.body };
    }
    async #deleteObject({ bucket, key, request }) {
        await this.objects.delete(bucket, key, { ifMatch: request.headers['if-match'] });
        return { status: 204 };
    }
    renderError(error, request) {
        const members = {
            Code: error.code,
            Message: error.message,
            ...error.members,
            RequestId: request.requestId,
            HostId: 'local',
        };
        const elements = Object.entries(members).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
        return xml(error.status, `<Error>${elements.join('')}</Error>`);
    }
}
function headBucket({ request }) {
    return { status: 200, headers: { 'x-amz-bucket-region': request.region, 'x-amz-access-point-alias': 'false' } };
}
function objectHeaders({ info, body }, request) {
    return {
        'content-type': 'binary/octet-stream',
        ...info.headers,
        etag: info.etag,
        'last-modified': new Date(info.lastModified).toUTCString(),
        'content-length': String(body.length),
        'accept-ranges': 'bytes',
        'x-amz-server-side-encryption': 'AES256',
        ...(amzHeaders(request)['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' ? info.checksums : {}),
    };
}
const KEPT = ['content-type', 'cache-control', 'content-disposition', 'content-language', 'expires'];
function keptHeaders(request) {
    const kept = {};
    for (const name of KEPT) {
        const value = request.headers[name];
        if (value !== undefined)
            kept[name] = value;
    }
    const encoding = (request.headers['content-encoding'] ?? '').split(',').map((part) => part.trim());
    const real = encoding.filter((part) => part !== '' && part !== 'aws-chunked').join(',');
    if (real !== '')
        kept['content-encoding'] = real;
    for (const [name, value] of Object.entries(amzHeaders(request)))
        if (name.startsWith('x-amz-meta-'))
            kept[name] = value;
    return kept;
}
function decode(text) {
    try {
        return decodeURIComponent(text);
    }
    catch {
        throw new AwsError(400, 'InvalidURI', "Couldn't parse the specified URI.");
    }
}

;// CONCATENATED MODULE: ./src/local/ssm.ts


/** Systems Manager's parameters, read only: what `secrets.getSecret` asks for. */
class SsmService {
    #secrets;
    #account;
    constructor(secrets, account) {
        this.#secrets = secrets;
        this.#account = account;
    }
    route(request) {
        const [target, name] = String(request.headers['x-amz-target'] ?? '').split('.');
        if (target !== 'AmazonSSM' || name === undefined)
            return undefined;
        const parameter = JSON.parse(request.body.toString() || '{}').Name;
        const resource = typeof parameter === 'string' ? parameter : '';
        return { name, resource, run: async () => this.#getParameter(name, resource, request.region) };
    }
    #getParameter(operation, name, region) {
        if (operation !== 'GetParameter') {
            throw new AwsError(400, 'UnknownOperationException', `The embedded AWS does not know SSM ${operation}`);
        }
        const secret = name.split('/').at(-1) ?? '';
        const value = Object.hasOwn(this.#secrets, secret) ? this.#secrets[secret] : undefined;
        if (value === undefined)
            throw new AwsError(400, 'ParameterNotFound', `Parameter ${name} not found.`);
        const arn = `arn:aws:ssm:${region}:${this.#account}:parameter/${name.replace(/^\//, '')}`;
        return amzJson(200, {
            Parameter: { ARN: arn, DataType: 'text', Name: name, Type: 'SecureString', Value: value, Version: 1 },
        });
    }
    renderError(error) {
        return amzJson(error.status, { __type: error.code, message: error.message });
    }
}
function amzJson(status, value) {
    return json(status, value, { 'content-type': 'application/x-amz-json-1.1' });
}

;// CONCATENATED MODULE: ./src/local/sts.ts


const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
/** The one question of STS that every tool asks first: who am I. */
class StsService {
    #account;
    constructor(account) {
        this.#account = account;
    }
    route(request) {
        if (request.method !== 'POST' || request.path !== '/' || request.headers['x-amz-target'] !== undefined)
            return undefined;
        const action = new URLSearchParams(request.body.toString()).get('Action');
        if (action === null)
            return undefined;
        return { name: action, resource: '', run: async () => this.#getCallerIdentity(action, request.requestId) };
    }
    #getCallerIdentity(action, requestId) {
        if (action !== 'GetCallerIdentity') {
            throw new AwsError(400, 'InvalidAction', `The embedded AWS does not know the action ${action}`);
        }
        const identity = `<Arn>arn:aws:iam::${this.#account}:user/local</Arn><UserId>local</UserId><Account>${this.#account}</Account>`;
        return xml(200, `<GetCallerIdentityResponse xmlns="${NAMESPACE}"><GetCallerIdentityResult>${identity}</GetCallerIdentityResult>` +
            `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`);
    }
    renderError(error, request) {
        return xml(error.status, `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${escapeXml(error.code)}</Code>` +
            `<Message>${escapeXml(error.message)}</Message></Error><RequestId>${request.requestId}</RequestId></ErrorResponse>`);
    }
}

;// CONCATENATED MODULE: ./src/local/server.ts











const DEFAULT_TIMING = {
    pendingMs: 150,
    updateMs: 100,
    initMs: 10_000,
    asyncRetryMs: 60_000,
    idleMs: 5 * 60_000,
};
/** More than any request AWS accepts in one piece here; bodies beyond it are not kept in memory. */
const BODY_LIMIT = 1024 * 1024 * 1024;
/** The HTTP side: reads requests, finds their service, logs them, lets faults happen, writes answers. */
class LocalServer {
    requests = [];
    faults;
    endpoint;
    port;
    #server;
    #lambda;
    #s3;
    #services;
    #faultSource;
    #now;
    static async start(options) {
        const server = (0,external_node_http_.createServer)();
        await new Promise((resolve, reject) => {
            server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
        });
        return new LocalServer(server, options);
    }
    constructor(server, options) {
        this.#server = server;
        this.port = server.address().port;
        this.endpoint = `http://127.0.0.1:${this.port}`;
        this.faults = options.faults ?? [];
        this.#faultSource = options.faultSource ?? (() => undefined);
        const skew = options.clockSkewMs ?? 0;
        this.#now = () => Date.now() + skew;
        const account = options.account ?? '000000000000';
        this.#s3 = new S3Service({
            stateDir: options.stateDir,
            account,
            bucketOwners: options.bucketOwners ?? {},
            presignedOnly: CODE_BUCKET,
            now: this.#now,
        });
        this.#lambda = new LambdaService({
            stateDir: options.stateDir,
            account,
            endpoint: this.endpoint,
            runtimeClient: options.runtimeClient,
            timing: { ...DEFAULT_TIMING, ...options.timing },
            objects: this.#s3.objects,
            now: this.#now,
        });
        // S3 takes every path that no other service claims.
        this.#services = [this.#lambda, new SsmService(options.secrets ?? {}, account), new StsService(account), this.#s3];
        // An idle connection is the client's to close: closed from here, it might cut off a request on its way.
        server.keepAliveTimeout = 0;
        server.on('request', (message, response) => {
            this.#serve(message, response).catch((error) => response.destroy(error));
        });
    }
    endFunctions() {
        return this.#lambda.close();
    }
    async close() {
        const closed = new Promise((resolve) => this.#server.close(() => resolve()));
        this.#server.closeAllConnections();
        await Promise.all([closed, this.#lambda.close()]);
    }
    async #serve(message, response) {
        const request = await readRequest(message);
        const { service, operation } = this.#find(request);
        this.requests.push({ operation: operation.name, resource: operation.resource, at: Date.now() });
        const fault = takeFault(this.faults, operation) ?? this.#faultSource(operation);
        if (fault?.when === 'during')
            response.destroy();
        const answer = await this.#answer(service, operation, request, fault);
        if (answer === 'drop')
            response.destroy();
        else if (!response.destroyed)
            write(response, request, answer, this.#now());
    }
    #find(request) {
        for (const service of this.#services) {
            const operation = route(service, request);
            if (operation !== undefined)
                return { service, operation };
        }
        return { service: this.#s3, operation: server_unknownOperation(request) };
    }
    async #answer(service, operation, request, fault) {
        const happens = async () => {
            if (fault === undefined)
                return undefined;
            if (fault.effect === 'drop')
                return 'drop';
            if (fault.effect === 'twice')
                return await Promise.race([run(service, operation, request), run(service, operation, request)]);
            if ('delayMs' in fault.effect)
                await (0,promises_.setTimeout)(fault.effect.delayMs, undefined, { ref: false });
            if ('stateMs' in fault.effect)
                await service.prolong?.(operation, request, fault.effect.stateMs);
            const error = faultError(fault);
            return error && service.renderError(error, request);
        };
        if ((fault?.when ?? 'before') === 'before') {
            const instead = await happens();
            if (instead !== undefined)
                return instead;
        }
        const answer = await run(service, operation, request);
        return (fault?.when === 'after' ? await happens() : undefined) ?? answer;
    }
}
function route(service, request) {
    try {
        return service.route(request);
    }
    catch (error) {
        return { name: 'Unknown', resource: request.path, run: () => Promise.reject(error) };
    }
}
async function run(service, operation, request) {
    try {
        return await operation.run();
    }
    catch (error) {
        if (error instanceof AwsError)
            return service.renderError(error, request);
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
        return service.renderError(new AwsError(500, 'InternalFailure', `The embedded AWS failed: ${message}`), request);
    }
}
function server_unknownOperation(request) {
    const error = new AwsError(501, 'NotImplemented', `The embedded AWS does not know ${request.method} ${request.path}`);
    return { name: 'Unknown', resource: request.path, run: () => Promise.reject(error) };
}
async function readRequest(message) {
    const [path = '/', rawQuery = ''] = splitOnce(message.url ?? '/', '?');
    const query = new URLSearchParams(rawQuery);
    return {
        method: message.method ?? 'GET',
        path,
        rawQuery,
        query,
        headers: message.headers,
        ...(await readBody(message, BODY_LIMIT)),
        region: signedRegion(message.headers, query),
        requestId: (0,external_node_crypto_.randomUUID)(),
    };
}
function write(response, request, answer, now) {
    const body = answer.body ?? '';
    response.writeHead(answer.status, {
        date: new Date(now).toUTCString(),
        'x-amzn-requestid': request.requestId,
        'x-amz-request-id': request.requestId,
        ...(answer.status === 204 || request.method === 'HEAD'
            ? {}
            : { 'content-length': String(Buffer.byteLength(body)) }),
        ...answer.headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
}
function splitOnce(text, separator) {
    const index = text.indexOf(separator);
    return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}


/***/ })

};
