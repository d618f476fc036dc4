// Pages of a real MariaDB: while its server runs they are not looked at; at rest they are well, and a page whose bytes changed is found, and no other.
import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdtempSync, openSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { scanPages } from '../src/processes/scan/pages.ts'
import { mariadb } from './servers.ts'

test('story 4: pages of MariaDB that are damaged are found and named, and a server that runs is left alone', { timeout: 120_000 }, async () => {
  const server = await mariadb()
  const signal = new AbortController().signal
  const folder = `${server.folder}/data`
  try {
    server.sql('use shop; create table orders (id int primary key, note text) engine=innodb; insert into orders select seq, repeat(md5(seq), 20) from seq_1_to_4000; create table other (id int primary key, note text) engine=innodb; insert into other select seq, repeat(md5(seq), 20) from seq_1_to_20000; create table small (id int primary key) engine=innodb row_format=compressed key_block_size=8; insert into small select seq from seq_1_to_4000')
    await assert.rejects(scanPages({ folder, signal }), /a server runs on .*: its pages are written while they are read\. Look at a restored copy, or stop it first/)
    server.sql('set global innodb_fast_shutdown = 0')
    await server.stop()
    const well = await scanPages({ folder, signal })
    assert.deepEqual([well.is, well.bad, well.unread], ['ended', [], []])
    assert(well.files >= 6 && well.pages > 700)
    for (const [name, at] of [['shop/orders.ibd', 5 * 16_384 + 200], ['shop/orders.ibd', 9 * 16_384 + 8_000], ['shop/small.ibd', 4 * 8_192 + 300], ['ibdata1', 300 * 16_384 + 100]] as const) {
      const file = openSync(`${folder}/${name}`, 'r+')
      writeSync(file, Buffer.from('damage'), 0, 6, at)
      closeSync(file)
    }
    truncateSync(`${folder}/mysql/innodb_table_stats.ibd`, 4 * 16_384 + 5_000)
    const hurt = await scanPages({ folder, signal })
    assert.deepEqual(hurt.bad.map(({ path, block, flaw }) => `${path}:${block} ${flaw}`), ['ibdata1:300 checksum', 'mysql/innodb_table_stats.ibd:4 torn', 'shop/orders.ibd:5 checksum', 'shop/orders.ibd:9 checksum', 'shop/small.ibd:4 checksum'])
    // Broken off in the middle, at a rate: the rest alone is read by the next start, and both together say the same; a file that was written since is read anew.
    const journal = path.join(mkdtempSync(path.join(tmpdir(), 'holdfast-journal-')), 'pages')
    const stop = new AbortController()
    const began = performance.now()
    const half = await scanPages({ folder, rate: 20_000_000, journal, signal: stop.signal, progress: ({ bytes }) => void (bytes > 26_000_000 && stop.abort()) })
    assert.deepEqual([half.is, half.resumed], ['stopped', false])
    assert(performance.now() - began > 250, 'it kept to the rate')
    await assert.rejects(scanPages({ folder, journal: `${folder}/journal`, signal }), /nothing is written into what is scanned/)
    const on = await scanPages({ folder, journal, signal })
    assert.deepEqual([on.is, on.resumed, on.bad, on.pages, on.files], ['ended', true, hurt.bad, hurt.pages, hurt.files])
    assert(!existsSync(journal), 'what is over leaves nothing')
  } finally {
    await server.close()
  }
})
