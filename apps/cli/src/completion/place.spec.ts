import { createProgram } from '../program.js';
import { namesAt } from './names.js';
import { placeIn } from './place.js';

/** What the server is asked for, and what stands for its answer. */
const api = { list: <T>(path: string) => Promise.resolve([{ name: path } as T]) };
const at = (line: string) => namesAt(placeIn(createProgram(), line.split(' ')), api);

test.each([
  ['network show ', '/networks'],
  ['key list --network ', '/networks'],
  ['-o json node list of', '/networks'],
  ['node show of', '/networks/'],
  ['node show office/', 'office//networks/office/nodes'],
  ['cluster show office/e', 'office//networks/office/clusters'],
  ['gateway set office/', 'office//networks/office/gateways'],
  ['client delete office/', 'office//networks/office/clients'],
  ['cluster member set office/east ', '/networks/office/nodes'],
  ['cluster link office/east ', '/networks/office/clusters'],
  ['gateway drain office/db ', '/networks/office/nodes'],
  ['gateway create office/db --kind egress --node a --node ', '/networks/office/nodes'],
  ['gateway create office/door --cluster ', '/networks/office/clusters'],
  ['client create office/phone --gateway ', '/networks/office/gateways'],
  ['gateway create ', '/networks/'],
  ['gateway create office/', '/networks/'],
])('after "tombolo %s" comes what %s has', async (line, asked) => {
  expect(await at(line)).toEqual([asked]);
});

test.each(['network create ', 'node set office/a --label ', 'gateway drain office/db a ', 'gateway create --node '])(
  'after "tombolo %s" nobody is asked',
  async (line) => {
    expect(await at(line)).toEqual([]);
  },
);
