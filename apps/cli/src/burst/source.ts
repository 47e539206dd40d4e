import { InvalidArgumentError } from 'commander';

/** Where a machine gets the agent from. */
export interface Source {
  /** A git repository, or an archive whose name ends with .tar.gz or .tgz. */
  url: string;
  /** Branch or tag of a repository. */
  ref: string | null;
  /** Of an archive, hex. */
  sha256: string | null;
}

const HINT =
  'give https://HOST/REPOSITORY.git[#TAG], or https://HOST/FILE.tgz[#sha256=HEX] (file:///FILE.tgz for what is in the image)';

/** `https://git.example.org/tombolo.git#v1.2`, `https://files.example.org/tombolo.tgz#sha256=…`. */
export function source(text: string): Source {
  const [url = '', fragment = '', ...rest] = text.split('#');
  const isArchive = /\.(tar\.gz|tgz)$/.test(url);
  const isThere = URL.canParse(url) && ['https:', ...(isArchive ? ['file:'] : [])].includes(new URL(url).protocol);
  if (!isThere || rest.length > 0 || !/^[\w.~:/%@?&=+-]+$/.test(url)) throw new InvalidArgumentError(HINT);
  const { username, password } = new URL(url);
  if (username || password)
    throw new InvalidArgumentError('a login does not belong into a document that machines are given');
  if (fragment === '') return { url, ref: null, sha256: null };
  if (!isArchive && /^[\w][\w./-]*$/.test(fragment)) return { url, ref: fragment, sha256: null };
  const [, sha256] = /^sha256=([0-9a-f]{64})$/.exec(fragment) ?? [];
  if (!isArchive || sha256 === undefined) throw new InvalidArgumentError(HINT);
  return { url, ref: null, sha256 };
}
