// One of four shares of the 1,200 schedules, so that no file takes longer than a few minutes on a busy machine.
import { schedules } from './schedules.ts'

schedules(100_001)
