import type { Command } from 'commander';
import { ApiClient } from '../server/api-client.js';
import { serverAddress } from '../server/server-address.js';
import { namesAt } from './names.js';
import { optionsOf, type Place, placeIn } from './place.js';

/** Milliseconds that somebody who pressed Tab waits for names. */
const PATIENCE = 2_000;

const scripts = {
  bash: `_tombolo() {
  local IFS=$'\\n'
  COMPREPLY=($(tombolo __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ $COMPREPLY == */ ]] && compopt -o nospace
}
complete -o default -F _tombolo tombolo`,
  zsh: `#compdef tombolo
_tombolo() {
  local all=(\${(f)"$(tombolo __complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)"})
  compadd -S '' -- \${(M)all:#*/}
  compadd -- \${all:#*/}
}
compdef _tombolo tombolo`,
  fish: `complete -c tombolo -f -a '(tombolo __complete -- (commandline -opc)[2..-1] (commandline -ct))'`,
};

export function completionCommands(program: Command): void {
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('print a completion script: source <(tombolo completion bash)')
    .action((shell: string, _options, command: Command) => {
      const script = scripts[shell as keyof typeof scripts];
      if (!script) command.error(`no completion for '${shell}': bash, zsh or fish`, { exitCode: 2 });
      process.stdout.write(`${script}\n`);
    });

  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      process.stdout.write(`${(await completions(program, words)).join('\n')}\n`);
    });
}

/** What may stand where the cursor is; the server is asked for names, and kept silent about if it is away. */
async function completions(program: Command, words: string[]): Promise<string[]> {
  const place = placeIn(program, words);
  const candidates = wordsAt(place, program) ?? (await serverNames(place));
  return [...new Set(candidates)].filter((candidate) => candidate.startsWith(place.typed)).sort();
}

/** What the program itself knows may stand there; undefined where a name does. */
function wordsAt({ command, option, typed }: Place, program: Command): string[] | undefined {
  if (option) return option.argChoices;
  if (typed.startsWith('-')) return optionsOf(command, program).flatMap(({ long }) => long ?? []);
  const commands = command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__'));
  return commands.length > 0 ? commands : undefined;
}

async function serverNames(place: Place): Promise<string[]> {
  const { '--server': server, '--token': token, '--ca': ca } = place.values;
  try {
    const address = serverAddress({ server, token, ca }, process.env, process.cwd());
    return await namesAt(place, new ApiClient(address, PATIENCE));
  } catch {
    return [];
  }
}
