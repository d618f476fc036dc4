// The pages of the console. Each row says who may call it; who is not in the table is not answered.
import type { Route } from '../route.ts'
import { accountRoutes } from './account.ts'
import { approvalListRoutes } from './approvals.ts'
import { auditRoutes } from './audit.ts'
import { backupRoutes } from './backups.ts'
import { doorRoutes } from './door.ts'
import { providerRoutes } from '../sign-in/oidc.ts'
import { passkeyRoutes } from '../sign-in/passkeys.ts'
import { peopleRoutes } from './people.ts'
import { tokenRoutes } from './tokens.ts'

export const consoleRoutes = (all: () => readonly Route[]): readonly Route[] => [...doorRoutes(all), ...accountRoutes, ...passkeyRoutes, ...providerRoutes, ...peopleRoutes, ...tokenRoutes, ...approvalListRoutes, ...backupRoutes, ...auditRoutes]
