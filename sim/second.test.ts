// 1,000 further schedules; see `first.test.ts`.
import { schedules } from './schedules.ts'

schedules(100_001)
