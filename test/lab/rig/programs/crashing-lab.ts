import { Rig } from '../rig.js';
import { ownMark } from '../run-mark.js';

/**
 * A lab that is going to be killed: one host, one daemon in it that has no parent, no arguments and no environment to
 * be recognised by. Prints its mark and the pid of the host's holder.
 */
const host = await Rig.create().host('a');
await host.run('sh', ['-c', 'setsid --fork env -i sleep infinity >/dev/null 2>&1']);
console.log(ownMark(), host.pid);
process.stdin.resume();
