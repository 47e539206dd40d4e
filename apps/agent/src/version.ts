/** As in package.json; told in heartbeats. */
export const AGENT_VERSION = '0.1.0';
