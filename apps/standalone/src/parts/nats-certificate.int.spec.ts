import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { until } from '../../../../test/support/wait.js';
import { ownCertificate } from './authority.js';
import { startNats } from './nats.js';
import { findNatsServer } from './nats-binary.js';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

test('the broker serves a renewed certificate after a reload, on the same port', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tombolo-nats-certificate-'));
  const log = silent as never;
  const { certFile, keyFile } = await ownCertificate({ keys: dir, names: ['127.0.0.1'], now: new Date() });
  const nats = await startNats({
    dir: join(dir, 'nats'),
    configText: `tls { cert_file: "${certFile}", key_file: "${keyFile}" }\n`,
    listen: { host: '127.0.0.1', port: 0 },
    binary: await findNatsServer({ cacheDir: dir, log }),
    logFile: join(dir, 'nats.log'),
    log,
  });
  try {
    const before = await shownBy(nats.port);
    await ownCertificate({ keys: dir, names: ['127.0.0.1', 'other.example'], now: new Date() });
    expect(await shownBy(nats.port)).toBe(before);
    nats.reload();
    await until('the new certificate', async () => (await shownBy(nats.port)) !== before);
  } finally {
    await nats.stop();
    rmSync(dir, { recursive: true });
  }
});

/** Serial number of the certificate; the broker speaks first, in clear. */
function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', reject);
    socket.once('data', () => {
      const secure = connectTls({ socket, rejectUnauthorized: false }, () => {
        resolve(secure.getPeerCertificate().serialNumber);
        secure.destroy();
      });
      secure.on('error', reject);
    });
  });
}
