import { createProgram, run } from './program.js';

// A reader that stops reading (`tombolo events … | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(createProgram(), process.argv.slice(2));
