/** What programs on hosts see: this process's environment without what Jest means for itself. */
export const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => name !== 'NODE_OPTIONS' && name !== 'NODE_ENV' && !/^JEST_/.test(name),
  ),
);
