/** What Linux takes (IFNAMSIZ, dev_valid_name), less what would confuse a shell or `ip`. */
export const isInterfaceName = (name: string): boolean => /^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/.test(name) && name !== 'lo';
