// The first story without a database server: an http check stands in its place. The lab tells it with a real one.
import test from 'node:test'
import { tellOutage, TITLE } from './outage.ts'

test(TITLE, { timeout: 400_000 }, (t) => tellOutage(t))
