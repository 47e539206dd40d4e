import type { Command } from 'commander';
import { each, networkAndName, pathOf, segment, type Target, textOf } from '../arguments.js';
import { contextOf } from '../context.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { renderList, renderOne } from '../output/render.js';
import type { ClientConfigView } from './client-config.js';
import { clientColumns, clientDetails, type ClientView } from './client.view.js';
import { createClient, type NewClient } from './create-client.js';
import { deliver, type Delivery, prepare, readPrivateKey } from './deliver-config.js';
import { keyPairOf, publicKey } from './key-pair.js';

const OUT = 'write the configuration there, readable by you alone';
const QR = 'draw a QR code for the WireGuard app of a phone';

export function clientCommands(program: Command): void {
  const client = program
    .command('client')
    .description('clients: devices with stock WireGuard behind an ingress gateway');

  client
    .command('create')
    .argument('<network/client>', 'for instance office/phone', networkAndName)
    .description('admit a client; its key pair is made here and the private half stays here')
    .requiredOption('--gateway <gateway>', 'ingress gateway that it calls')
    .option('--allowed <range>', "what it may reach (repeatable; default: the network's ranges)", each)
    .option('--public-key <key>', 'of a key pair that was made elsewhere', publicKey)
    .option('--out <file>', OUT)
    .option('--qr', QR)
    .action(async (target: Target, options: Omit<NewClient, 'target'> & Delivery, command: Command) => {
      const context = contextOf(command);
      await prepare(context, options, options.publicKey === undefined);
      deliver(context, target, await createClient(context, { target, ...options }), options);
    });

  client
    .command('config')
    .argument('<network/client>', 'for instance office/phone', networkAndName)
    .description('the WireGuard configuration of a client, as it is to be now')
    .option('--private-key-file <file>', 'its private key, or a configuration that holds it')
    .option('--out <file>', OUT)
    .option('--qr', QR)
    .action(async (target: Target, options: Delivery & { privateKeyFile?: string }, command: Command) => {
      const context = contextOf(command);
      const { privateKeyFile } = options;
      const privateKey = privateKeyFile === undefined ? null : readPrivateKey(privateKeyFile);
      await prepare(context, options, privateKey !== null);
      const client = await context.api.get<ClientView>(pathOf('clients', target));
      if (privateKey !== null && keyPairOf(privateKey)?.publicKey !== client.publicKey)
        throw new CommandFailed(EXIT.refused, `${privateKeyFile} holds another key than that of ${textOf(target)}`);
      const config = await context.api.get<ClientConfigView>(`${pathOf('clients', target)}/config`);
      deliver(context, target, { client, config, privateKey }, options);
    });

  client
    .command('list')
    .argument('<network>')
    .description('list clients')
    .action(async (network: string, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderList(format, await api.list<ClientView>(`/networks/${segment(network)}/clients`), clientColumns));
    });

  client
    .command('show')
    .argument('<network/client>', 'for instance office/phone', networkAndName)
    .description('show one client')
    .action(async (target: Target, _options, command: Command) => {
      const { api, format, print } = contextOf(command);
      print(renderOne(format, await api.get<ClientView>(pathOf('clients', target)), clientDetails));
    });

  client
    .command('delete')
    .argument('<network/client>', 'for instance office/phone', networkAndName)
    .description('revoke a client: its tunnel ends at once')
    .action(async (target: Target, _options, command: Command) => {
      const { api, print, confirm } = contextOf(command);
      await confirm(`Delete client ${textOf(target)}?`);
      await api.delete(pathOf('clients', target));
      print(`client ${textOf(target)} deleted`);
    });
}
