import assert from 'node:assert/strict'
import test from 'node:test'
import { isTar, oddEntry, tarReader, type Contents, type TarEntry } from './tar.ts'

interface Made { readonly name: string; readonly type?: string; readonly link?: string; readonly content?: string; readonly prefix?: string; readonly magic?: string }

function header({ name, type = '0', link = '', content = '', prefix = '', magic = 'ustar\x0000' }: Made): Buffer {
  const block = Buffer.alloc(512)
  block.write(name, 0, 100)
  block.write('0000644\0', 100)
  block.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124)
  block.write(type, 156)
  block.write(link, 157, 100)
  block.write(magic, 257, 8, 'latin1')
  block.write(prefix, 345)
  block.fill(0x20, 148, 156)
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
const entry = (made: Made): Buffer => {
  const content = Buffer.from(made.content ?? '')
  return Buffer.concat([header(made), content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}
const pax = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`
  const length = Buffer.byteLength(rest)
  return `${length + String(length + String(length).length).length}${rest}`
}
const END = Buffer.alloc(1024)

function read(bytes: Buffer, size = 1 << 20): { contents: Contents; seen: TarEntry[] } {
  const seen: TarEntry[] = []
  const reader = tarReader((it) => seen.push(it))
  for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size))
  return { contents: reader.end(), seen }
}

test('names, long names and links are read, whatever the pieces', () => {
  const long = `${'a/'.repeat(80)}end`
  const all = Buffer.concat([
    entry({ name: 'etc/', type: '5' }), entry({ name: 'etc/panel.conf', content: 'x'.repeat(700) }), entry({ name: 'etc/l', type: '2', link: '../etc/panel.conf' }), entry({ name: 'h', type: '1', link: 'etc/panel.conf' }),
    entry({ name: '././@LongLink', type: 'L', content: `${long}\0` }), entry({ name: 'a/a', content: 'y' }), entry({ name: 'x', type: 'x', content: pax('path', `${long}é`) }), entry({ name: 'short' }), entry({ name: 'name', prefix: 'pre/fix' }), END,
  ])
  assert(isTar(all))
  for (const size of [1, 511, 512, 513, 1 << 20]) {
    const { contents, seen } = read(all, size)
    assert.deepEqual(contents, { is: 'whole', entries: 7, bytes: 701 }, `${size}`)
    assert.deepEqual(seen.map(({ name }) => name), ['etc/', 'etc/panel.conf', 'etc/l', 'h', long, `${long}é`, 'pre/fix/name'])
  }
})

test('G-13 a name or link that leads out of the folder refuses the archive, by whatever header it comes', () => {
  const refused = [
    [entry({ name: '../x' })], [entry({ name: 'a/../../x' })], [entry({ name: '/etc/passwd' })], [entry({ name: 'x', type: '2', link: '/etc/passwd' })], [entry({ name: 'a/x', type: '2', link: '../../x' })],
    [entry({ name: 'x', type: '1', link: '../x' })], [entry({ name: 'dev', type: '3' })], [entry({ name: 'fifo', type: '6' })], [entry({ name: 'x', type: 'L', content: '/etc/x\0' }), entry({ name: 'x' })],
    [entry({ name: 'x', type: 'x', content: pax('path', '../x') }), entry({ name: 'x' })], [entry({ name: 'x', type: 'x', content: pax('linkpath', '/x') }), entry({ name: 'x', type: '2', link: 'y' })],
    [entry({ name: 'g', type: 'g', content: pax('path', '../x') }), entry({ name: 'x' })], [entry({ name: 'd', type: '2', link: '.' }), entry({ name: 'd/e', type: '2', link: '..' })], [entry({ name: '', content: '' })],
  ]
  for (const [i, parts] of refused.entries()) assert.equal(read(Buffer.concat([...parts, END])).contents.is, 'refused', `case ${i}`)
  assert.equal(oddEntry({ name: './a/./b', is: 'link', bytes: 0, to: '../c' }), undefined)
})

test('what is cut short, changed or no archive is broken, and says how', () => {
  const all = Buffer.concat([entry({ name: 'a', content: 'x'.repeat(2000) }), entry({ name: 'b', content: 'y' }), END])
  const says = (bytes: Buffer): string => {
    const { contents } = read(bytes)
    return contents.is === 'whole' ? 'whole' : contents.says
  }
  assert.equal(says(all), 'whole')
  assert.match(says(all.subarray(0, 1000)), /in the middle/)
  assert.match(says(all.subarray(0, all.length - 1024)), /its end is missing/)
  assert.match(says(Buffer.alloc(0)), /empty/)
  const flipped = Buffer.from(all)
  flipped.writeUInt8(0x7a, 3)
  assert.match(says(flipped), /wrong checksum/)
  assert.match(says(Buffer.concat([all, entry({ name: 'more' })])), /behind its end/)
  assert.match(says(Buffer.from('no archive '.repeat(100))), /wrong checksum/)
  assert.match(says(Buffer.concat([entry({ name: 'x', type: 'x', content: '99 path=a\n' }), entry({ name: 'x' }), END])), /makes no sense/)
  assert.equal(isTar(Buffer.from('no archive '.repeat(100))), false)
})
