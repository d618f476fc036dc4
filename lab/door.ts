// The smallest Holdfast that rings: one door that is always shut, one person, one webhook, again every four seconds. What is done to
// the disk beneath it is the lab's matter.
import { execFileSync } from 'node:child_process'

/** A configuration whose only check fails at once; `hook` is the port of the webhook's sink. */
export const shutDoor = (hook: number): string => `version: 1
site: { name: Acme, url: "https://hold.acme.example", timezone: UTC }
channels: { hook: { webhook: "http://127.0.0.1:${hook}/page" } }
people: { ada: { reach: [hook] } }
checks:
  door: { tcp: "127.0.0.1:1", every: 2s, timeout: 1s, fail_after: 1 }
escalation: { default: [ { page: [ada], repeat: 4s } ] }
status_pages: { public: { components: { Door: [door] } } }
`

/** Runs a system program, for at most 20 s; throws when it fails. */
export const run = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: 'utf8', timeout: 20_000 })
