#!/usr/bin/env node
import { main } from './main.ts';

// On Node 20 the AWS SDK would print a warning about its own future into every log.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// A configuration may leave timers and sockets behind, or replace `process.exit` while it loads.
const exit = process.exit.bind(process);
const code = await main({ argv: process.argv.slice(2), env: process.env, distDir: import.meta.dirname });
process.stdout.write('', () => exit(code));
