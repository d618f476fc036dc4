// Every route that there is. A path that is not in this table is not answered.
import { apiRoutes } from './api.ts'
import { approvalRoutes } from './approval/routes.ts'
import { boardRoutes } from './board/serve.ts'
import { windowRoutes } from './board/windows.ts'
import { consoleRoutes } from './console/routes.ts'
import { enqueueRoutes } from './ingest/enqueue.ts'
import { pingRoutes } from './ingest/pings.ts'
import { linkRoutes } from './links.ts'
import { openRoutes } from './open.ts'
import type { Route } from './route.ts'

export const routes: readonly Route[] = [...boardRoutes, ...windowRoutes, ...linkRoutes, ...approvalRoutes, ...pingRoutes, ...enqueueRoutes, ...apiRoutes, ...consoleRoutes(() => routes), ...openRoutes(() => routes)]
