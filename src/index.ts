#!/usr/bin/env node
import { isPostStep } from './hand-over.ts';
import { main } from './main.ts';
import { post } from './post/index.ts';

// On Node 20 the AWS SDK would print a warning about its own future into every log.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// A configuration may leave timers and sockets behind, or replace `process.exit` while it loads.
const exit = process.exit.bind(process);
const { argv, env } = process;
const options = { env, distDir: import.meta.dirname };
const code = await (isPostStep(env) ? post(options) : main({ ...options, argv: argv.slice(2) }));
process.stdout.write('', () => exit(code));
