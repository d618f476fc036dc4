// One of four shares of the 2,000 schedules, so that no file takes longer than a few minutes on a busy machine.
import { schedules } from './schedules.ts'

schedules(100_001)
