import type { ApiRole } from '#contracts/facts.js';

/** Metadata key under which a route names the role it needs. */
export const REQUIRED_ROLE = 'required role';

const RANK: Record<ApiRole, number> = { viewer: 1, operator: 2, admin: 3 };

/** Whether a role holds everything that another one does. */
export const covers = (held: ApiRole, needed: ApiRole) => RANK[held] >= RANK[needed];
