#!/usr/bin/env node
import { main } from './main.ts';

// A configuration may leave timers and sockets behind, or replace `process.exit` while it loads.
const exit = process.exit.bind(process);
const code = await main({ argv: process.argv.slice(2), env: process.env, distDir: import.meta.dirname, exit });
process.stdout.write('', () => exit(code));
