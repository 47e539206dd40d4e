import { Refusal } from '#contracts/errors.js';

/** Fields of the gateway-manager's commands that a request of this API calls by another name. */
const NAMES: Record<string, string> = { members: 'nodes', clusterId: 'cluster', gatewayId: 'gateway' };

/** A refusal of the gateway-manager with the fields named as the request names them. */
export function inRequestFields({ code, detail, errors }: Refusal): Refusal {
  const renamed = errors.map(({ field, message }) => ({ field: inRequest(field), message }));
  const told = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
  const tellsFields = errors.length > 0 && detail === told;
  return new Refusal(
    code,
    tellsFields ? renamed.map(({ field, message }) => `${field} ${message}`).join('; ') : detail,
    renamed,
  );
}

const inRequest = (field: string) => field.replace(/^\w+/, (name) => NAMES[name] ?? name);
