/** As in package.json; a backup of a later one is refused. */
export const RELEASE = '0.1.0';
