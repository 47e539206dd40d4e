import { officeCli } from './tombolo.js';

const { tombolo, json } = officeCli();

const ranges = ['--pods', '10.42.0.0/16', '--services', '10.43.0.0/16'];

test('clusters with the same ranges, their members, and one that gets a name of its own', () => {
  const east = tombolo('cluster', 'create', 'office/east', ...ranges, '--node', 'a');
  expect(east).toMatchObject({ code: 0, err: '' });
  expect(east.out).toMatch(/^model: +archipelago$/m);
  expect(east.out).toMatch(/^members: +a$/m);
  expect(tombolo('cluster', 'create', 'office/west', ...ranges).code).toBe(0);
  expect(tombolo('cluster', 'create', 'office/lone', '--pods', '10.60.0.0/16', '--model', 'island').code).toBe(0);

  expect(tombolo('cluster', 'member', 'set', 'office/east', 'b', '--pods', '10.42.1.0/24').out).toContain(
    'b 10.42.1.0/24',
  );
  expect(tombolo('cluster', 'member', 'unset', 'office/east', 'a').code).toBe(0);
  expect(json<{ members: object[] }>('cluster', 'show', 'office/east').members).toMatchObject([{ name: 'b' }]);

  expect(tombolo('cluster', 'set', 'office/lone', '--name', 'island', '--services', '10.61.0.0/16').code).toBe(0);
  expect(tombolo('cluster', 'set', 'office/island', '--services', 'none').out).toMatch(/^services: +-$/m);
  const list = tombolo('cluster', 'list', 'office').out.split('\n');
  expect(list[0]).toMatch(/^NAME +MODEL +PODS +SERVICES +MEMBERS$/);
  expect(list.slice(1).map((line) => line.split(/ +/)[0])).toEqual(['east', 'island', 'west']);
});

test.each([
  [['cluster', 'create', 'office'], 2, 'NETWORK/NAME'],
  [['cluster', 'create', 'office/x'], 3, 'pods'],
  [['cluster', 'create', 'office/x', '--pods', '10.70.0.1/16'], 3, '10.70.0.1/16'],
  [['cluster', 'create', 'office/x', '--pods', '10.90.0.0/25', '--model', 'flat'], 3, 'range_in_mesh'],
  [['cluster', 'create', 'office/x', '--model', 'moebius'], 2, 'moebius'],
  [['cluster', 'create', 'office/east', ...ranges], 3, 'name_taken'],
  [['cluster', 'create', 'office/x', ...ranges, '--node', 'nobody'], 4, 'nobody'],
  [['cluster', 'show', 'office/nope'], 4, 'nope'],
  [['cluster', 'delete', 'office/east'], 2, '--yes'],
  [['cluster', 'translate', 'office/east', '192.0.2.1'], 4, '192.0.2.1'],
])('tombolo %j exits with %d and says why', (words, code, why) => {
  const result = tombolo(...words);
  expect(result.err).toContain(why);
  expect(result.code).toBe(code);
});

test('an address of a cluster without virtual ranges is the same for everybody', () => {
  expect(tombolo('cluster', 'translate', 'office/east', '10.42.7.9').out).toBe(
    '10.42.7.9 is known by that address everywhere',
  );
});

test('completion knows what there is to say about clusters, and the names of those there are', () => {
  const complete = (...words: string[]) => tombolo('__complete', '--', ...words).out.split('\n');
  expect(complete('cluster', 'show', '')).toEqual(['office/']);
  expect(complete('cluster', 'show', 'office/e')).toEqual(['office/east']);
  expect(complete('cluster', 'member', 'set', 'office/east', '')).toEqual(['a', 'b', 'c']);
  expect(complete('cluster', 'create', 'office/x', '--model', 'i')).toEqual(['island', 'isolated']);
  expect(complete('cluster', 'show', 'nowhere/')).toEqual(['']);
  expect(complete('--server', 'http://127.0.0.1:1', 'cluster', 'show', '')).toEqual(['']);
  expect(tombolo('__complete', '--', 'clu').out).toBe('cluster');
  expect(tombolo('__complete', '--', 'cluster', 'member', '').out.split('\n')).toEqual(['set', 'unset']);
  expect(tombolo('__complete', '--', 'cluster', 'create', 'office/x', '--po').out).toBe('--pods');
});

test('a cluster goes when it is told to', () => {
  expect(tombolo('cluster', 'delete', 'office/island', '--yes').code).toBe(0);
  expect(tombolo('cluster', 'show', 'office/island').code).toBe(4);
});
