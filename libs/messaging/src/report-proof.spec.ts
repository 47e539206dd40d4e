import { createSealKeys } from './node-seal.js';
import { ReportProofs, ReportSigner } from './report-proof.js';
import { MAC_HEADER } from './service-mac.js';

const controller = createSealKeys();
const node = createSealKeys();
const other = createSealKeys();
const known = new Map([
  ['node', node.publicKey],
  ['other', other.publicKey],
]);
const subject = 'tombolo.reports.node.applied';

const signerOf = (nodeId: string, { privateKey }: { privateKey: string }, session: number) =>
  new ReportSigner(nodeId, { privateKey, controllerKey: controller.publicKey }, session);
const proofsOf = () => new ReportProofs(controller.privateKey, (nodeId) => known.get(nodeId));
const sign = (signer: ReportSigner, about = subject, body = '{}') => signer.headers(about, body).get(MAC_HEADER);
const bytes = (text: string) => Buffer.from(text);

test('what a node says is believed, once, and nothing older than it', () => {
  const proofs = proofsOf();
  const signer = signerOf('node', node, 7);
  const [first, second, third] = [sign(signer), sign(signer), sign(signer)];
  expect(proofs.objection(subject, first, bytes('{}'))).toBeUndefined();
  expect(proofs.objection(subject, first, bytes('{}'))).toBe('repeated');
  expect(proofs.objection(subject, third, bytes('{}'))).toBeUndefined();
  expect(proofs.objection(subject, second, bytes('{}'))).toBe('repeated');
});

test('a newer run of the agent is believed, and then nothing of an older one', () => {
  const proofs = proofsOf();
  const old = signerOf('node', node, 7);
  expect(proofs.objection(subject, sign(signerOf('node', node, 8)), bytes('{}'))).toBeUndefined();
  expect(proofs.objection(subject, sign(old), bytes('{}'))).toBe('repeated');
});

test('one kind of report is no measure for another', () => {
  const proofs = proofsOf();
  const signer = signerOf('node', node, 7);
  const probe = 'tombolo.reports.node.probe';
  const [applied, probed] = [sign(signer), sign(signer, probe)];
  expect(proofs.objection(probe, probed, bytes('{}'))).toBeUndefined();
  expect(proofs.objection(subject, applied, bytes('{}'))).toBeUndefined();
});

test.each<[string, string | undefined]>([
  ['no proof', undefined],
  ['rubbish', 'rubbish'],
  ["another node's key", sign(signerOf('node', other, 7))],
  ["another node's own proof", sign(signerOf('other', other, 7), 'tombolo.reports.other.applied')],
  ['a proof of another kind of report', sign(signerOf('node', node, 7), 'tombolo.reports.node.probe')],
  ['a proof of other words', sign(signerOf('node', node, 7), subject, '{"epoch":9}')],
  ['a number that was changed', sign(signerOf('node', node, 7))?.replace('7.1.', '7.2.')],
  ['a number that is none', sign(signerOf('node', node, 7))?.replace('7.1.', '7.NaN.')],
  ['a number out of range', sign(signerOf('node', node, 7))?.replace('7.1.', '7.9999999999999999.')],
])('%s: not believed, and it changes nothing', (_, header) => {
  const proofs = proofsOf();
  expect(proofs.objection(subject, header, bytes('{}'))).toBe('forged');
  expect(proofs.objection(subject, sign(signerOf('node', node, 7)), bytes('{}'))).toBeUndefined();
});

test('a node that is not known, or not any more, has no word', () => {
  const proofs = proofsOf();
  const stranger = createSealKeys();
  const about = 'tombolo.reports.stranger.applied';
  const signer = signerOf('stranger', stranger, 1);
  expect(proofs.objection(about, sign(signer, about), bytes('{}'))).toBe('unknown');
  known.set('stranger', stranger.publicKey);
  expect(proofs.objection(about, sign(signer, about), bytes('{}'))).toBeUndefined();
  known.delete('stranger');
  expect(proofs.objection(about, sign(signer, about), bytes('{}'))).toBe('unknown');
  expect(proofs.objection('tombolo.reports', undefined, bytes('{}'))).toBe('unknown');
});
