// The application of the lab's shop: it writes through the balancer without a pause, and keeps a journal of its own of each write that was acknowledged to it.
// What failed, or was not answered in time, is in no journal, and is never tried again under the same number. It says at / whether it has
// written lately. It stands in a namespace of the lab. Arguments: where it listens, where the balancer does, and its journal.
import { appendFileSync } from 'node:fs'
import http from 'node:http'
import mysql from 'mysql2/promise'

const [listens = '0', balancer = '0', journal = ''] = process.argv.slice(2)
const [PATIENCE, LATELY, ONE_CONNECTION, PAUSE] = [3000, 3000, 1000, 40]
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
let last = 0

async function write(worker: string): Promise<never> {
  for (let n = 0; ;) {
    let sql: mysql.Connection | undefined
    try {
      sql = await mysql.createConnection({ host: '127.0.0.1', port: Number(balancer), user: 'app', password: 'word', database: 'shop', connectTimeout: PATIENCE })
      sql.on('error', () => undefined)
      // Connections do not live long, so that a server that is drained empties.
      for (const end = Date.now() + ONE_CONNECTION; Date.now() < end; await pause(PAUSE)) {
        const id = `${worker}-${n++}`
        await sql.query({ sql: 'insert into orders (id) values (?)', values: [id], timeout: PATIENCE })
        appendFileSync(journal, `${id}\n`)
        last = Date.now()
      }
      await sql.end()
    } catch {
      sql?.destroy()
      await pause(100)
    }
  }
}

http.createServer((_, reply) => {
  const well = Date.now() - last < LATELY
  reply.writeHead(well ? 200 : 503).end(well ? 'writes' : 'does not write')
}).listen(Number(listens), '0.0.0.0')
for (const worker of ['a', 'b']) void write(worker)
