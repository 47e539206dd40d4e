import type { Command, Option } from 'commander';

/** Where the cursor is on a command line. */
export interface Place {
  command: Command;
  /** What was given before: arguments of the command, and values of options by their long flag. */
  given: string[];
  values: Record<string, string>;
  /** The option whose value is being typed. */
  option: Option | undefined;
  /** The word being typed; may be empty. */
  typed: string;
}

/** @param words the words after `tombolo`; the last one is being typed */
export function placeIn(program: Command, words: string[]): Place {
  const place: Place = { command: program, given: [], values: {}, option: undefined, typed: words.at(-1) ?? '' };
  for (const word of words.slice(0, -1)) step(place, program, word);
  return place;
}

export const optionsOf = (command: Command, program: Command): readonly Option[] =>
  command === program ? program.options : [...command.options, ...program.options];

function step(place: Place, program: Command, word: string): void {
  const { option, command } = place;
  if (option) {
    place.values[option.long ?? ''] = word;
    place.option = undefined;
  } else if (word.startsWith('-')) {
    const found = optionsOf(command, program).find(({ long, short }) => long === word || short === word);
    if (found?.required || found?.optional) place.option = found;
  } else {
    const inner = command.commands.find((one) => one.name() === word);
    if (inner && place.given.length === 0) place.command = inner;
    else place.given.push(word);
  }
}
