import type { EnrolResponse } from '#contracts/enrolment.js';
import { isId, isName } from '#contracts/names.js';
import { readAddress } from '#ipam/address.js';
import { isWgKey } from '#wireguard/core/wg-key.js';
import { JsonFields } from '../state/json-fields.js';
import { parseLogin } from '../state/login.js';

/** Reads the answer to an enrolment; every part is checked before anything is made of it. @throws Error */
export function parseEnrolAnswer(text: string): EnrolResponse {
  const fields = JsonFields.parse(text, "the server's answer");
  return {
    nodeId: fields.text('nodeId', isId),
    network: fields.text('network', isName),
    name: fields.text('name', isName),
    addresses: fields.texts('addresses', (address) => readAddress(address) !== undefined),
    controllerKey: fields.text('controllerKey', isWgKey),
    ca: fields.textOrNull('ca', isCertificate),
    nats: parseLogin(fields.object('nats')),
    version: fields.whole('version', 0),
  };
}

const isCertificate = (text: string) =>
  /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s-]+-----END CERTIFICATE-----\s*$/.test(text);
