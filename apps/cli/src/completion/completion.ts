import type { Command } from 'commander';

const scripts = {
  bash: `_tombolo() {
  local IFS=$'\\n'
  COMPREPLY=($(tombolo __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tombolo tombolo`,
  zsh: `#compdef tombolo
_tombolo() { compadd -- \${(f)"$(tombolo __complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)"} }
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
    .action((words: string[]) => {
      process.stdout.write(`${completions(program, words).join('\n')}\n`);
    });
}

/**
 * What may stand where the cursor is.
 * @param words the words after `tombolo`; the last one is being typed and may be empty
 */
export function completions(program: Command, words: string[]): string[] {
  const typed = words.at(-1) ?? '';
  let command = program;
  for (const word of words.slice(0, -1)) command = command.commands.find((one) => one.name() === word) ?? command;
  const candidates = typed.startsWith('-')
    ? [...command.options, ...program.options].flatMap((option) => (option.long ? [option.long] : []))
    : command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__'));
  return [...new Set(candidates)].filter((candidate) => candidate.startsWith(typed)).sort();
}
