// The child that resolves names as the machine does: getaddrinfo(3), which may block for as long as it likes, so it blocks here
// and not in a process that has something to do. It reads lines "number name" and answers lines of JSON. It ends with its parent, at
// once: threads that hang in getaddrinfo would hold up an orderly exit. No type is written in this file: the parent runs its text
// as it stands, which spares every child the 13 MB of the type stripper.
import { lookup } from 'node:dns'
import { closeSync, openSync } from 'node:fs'

process.title = 'holdfast resolver'
const leave = () => process.kill(process.pid, 'SIGKILL')
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined)

let rest = ''
process.stdin.setEncoding('utf8').on('end', leave).on('close', leave).on('error', leave)
process.stdout.on('error', leave)
process.stdin.on('data', (chunk) => {
  const lines = (rest + String(chunk)).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) {
    const at = line.indexOf(' ')
    lookup(line.slice(at + 1), { all: true, order: 'verbatim' }, (error, found) => {
      let code = error?.code
      if (code === 'ENOTFOUND') {
        // Without a free descriptor getaddrinfo says "no such name"; that is our failure, not the target's.
        try {
          closeSync(openSync('/dev/null', 'r'))
        } catch (cause) {
          code = String(Object(cause).code)
        }
      }
      const answer = error ? { code: code ?? 'EAI_FAIL' } : { found: found.slice(0, 64).map((one) => one.address) }
      process.stdout.write(JSON.stringify({ q: Number(line.slice(0, at)), ...answer }) + '\n')
    })
  }
})
