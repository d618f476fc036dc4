// The outside dead man's switch (P-16): an address somewhere else that calls for help when it is *not* called. It is called
// only while the delivery loop advances, so that a Holdfast that runs but pages nobody is noticed too. A call that fails is
// told once, and once more when it works again; its address is a secret and stands in no line.
import { sentence } from '../../core/fault.ts'
import type { Span, Tick } from '../../core/time.ts'

export interface Switch {
  readonly url: string
  readonly every: Span
}

export interface DeadManPorts {
  /** Calls the address; resolves with the status. */
  readonly call: (url: string) => Promise<number>
  readonly say: (line: string) => void
  readonly page: (says: string) => void
}

export interface DeadMan {
  configure(it: Switch | undefined): void
  /** Call it often; `advances` says whether pages would go out now. */
  turn(now: Tick, advances: boolean): void
}

/** So many calls in a row fail before people are paged: then nobody outside watches any more. */
const PAGE_AFTER = 5

export function deadMan({ call, say, page }: DeadManPorts): DeadMan {
  let current: Switch | undefined
  let lastAt: number = Number.NEGATIVE_INFINITY
  let calling = false
  let failed = 0
  const settle = (says: string | undefined): void => {
    calling = false
    if (says === undefined) {
      if (failed > 0) say('The outside watch (dead_man) is reached again.')
      failed = 0
      return
    }
    failed++
    if (failed === 1) say(`The outside watch (dead_man) could not be called: ${says}. It is tried again.`)
    if (failed === PAGE_AFTER) page(`Nobody outside watches Holdfast any more: its dead man's switch could not be called ${PAGE_AFTER} times in a row (${says}).`)
  }
  return {
    configure(it) {
      if (it?.url === current?.url && it?.every === current?.every) return
      current = it
      failed = 0
      lastAt = Number.NEGATIVE_INFINITY
    },
    turn(now, advances) {
      if (!current || calling || !advances || now - lastAt < current.every) return
      lastAt = now
      calling = true
      const { url } = current
      call(url).then(
        (status) => settle(status >= 200 && status < 300 ? undefined : `it answered ${status}`),
        (cause: unknown) => settle(sentence(cause).replaceAll(url, 'its address')),
      )
    },
  }
}
