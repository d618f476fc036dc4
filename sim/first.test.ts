// 1,000 schedules of whole nodes; `second.test.ts` runs 1,000 more beside it.
import { schedules } from './schedules.ts'

schedules(1)
