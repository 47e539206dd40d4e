import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram } from '../../apps/agent/src/program.js';
import { createLog } from '../../apps/agent/src/log.js';

const unit = readFileSync('deploy/systemd/tombolo-agent.service', 'utf8');
const valueOf = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1];

test('the command is one that the agent has, on the state that the unit keeps', () => {
  const [program, command, ...words] = valueOf('ExecStart')?.split(' ') ?? [];
  const silence = { print: () => undefined, complain: () => undefined };
  const agent = createProgram({ log: createLog('silent'), signal: new AbortController().signal, ...silence });
  expect(program).toBe(agent.name());
  expect(agent.commands.map((each) => each.name())).toContain(command);
  expect(words).toEqual(['--state', `/var/lib/${valueOf('StateDirectory')}`]);
  expect(valueOf('ConditionPathExists')).toBe(`/var/lib/${valueOf('StateDirectory')}/identity.json`);
});

test('stopping it leaves the tunnels, and a node that is not joined is not started again and again', () => {
  expect(valueOf('KillMode')).toBe('process');
  expect(valueOf('RuntimeDirectoryPreserve')).toBe('yes');
  expect(valueOf('Restart')).toBe('always');
  expect(valueOf('RestartPreventExitStatus')).toBe('2 4');
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
(hasSystemd ? test : test.skip)('systemd understands every line (skipped without systemd-analyze)', () => {
  const home = mkdtempSync(join(tmpdir(), 'tombolo-unit-'));
  const file = join(home, 'tombolo-agent.service');
  writeFileSync(file, unit.replace('ExecStart=tombolo-agent', 'ExecStart=/bin/true'));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  rmSync(home, { recursive: true });
  expect(stderr.split('\n').filter((line) => line.includes('tombolo-agent'))).toEqual([]);
  expect(status).toBe(0);
});
