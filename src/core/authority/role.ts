// Roles: what a person may do, beyond being paged. A role is a set of rights; whoever has several roles has all their rights.
// Rights, not roles, stand at routes and acts, so that a role can change without a route being forgotten.
export const ROLES = ['viewer', 'responder', 'editor', 'operator', 'approver', 'owner'] as const
export type Role = (typeof ROLES)[number]

/**
 * `read` what Holdfast knows; `ack` take, pass on and comment incidents, page people, test a phone; `write` silence, cover, tell the
 * public; `run` begin what changes or destroys, once it was agreed to; `approve` agree to it; `admin` say who may what.
 */
export const RIGHTS = ['read', 'ack', 'write', 'run', 'approve', 'admin'] as const
export type Right = (typeof RIGHTS)[number]

const HAS: Readonly<Record<Role, readonly Right[]>> = {
  viewer: ['read'],
  responder: ['read', 'ack'],
  editor: ['read', 'ack', 'write'],
  operator: ['read', 'ack', 'write', 'run'],
  // Who approves does not run by that alone: author and approver are two.
  approver: ['read', 'ack', 'approve'],
  owner: ['read', 'ack', 'write', 'run', 'approve', 'admin'],
}

export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text)

export const rightsOf = (roles: readonly Role[]): ReadonlySet<Right> => new Set(roles.flatMap((role) => HAS[role]))

export const may = (roles: readonly Role[], right: Right): boolean => roles.some((role) => HAS[role].includes(right))

/** Roles whose holders sign in with a second factor or a passkey, always: they can destroy, or let destroy. */
export const needsFactor = (roles: readonly Role[]): boolean => may(roles, 'run') || may(roles, 'approve') || may(roles, 'admin')
