// Copies what a Holdfast must not lose, while it runs: database, samples and the node's key, into a folder of their own that is
// complete or not there. `bin/node scripts/backup.ts /var/lib/holdfast /backup/holdfast` makes /backup/holdfast/<time>/.
import { backup, DatabaseSync } from 'node:sqlite'
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'

/** More pages than any database has. */
const ALL = 2 ** 31 - 1

const [, , data, to] = process.argv
if (data === undefined || to === undefined || !existsSync(path.join(data, 'holdfast.db'))) {
  console.error(data === undefined || to === undefined ? 'Usage: bin/node scripts/backup.ts <data folder> <folder for backups>' : `There is no database of Holdfast in ${data}.`)
  process.exit(2)
}
const name = new Date().toISOString().replaceAll(':', '').slice(0, 17)
const draft = path.join(to, `.${name}`)
rmSync(draft, { recursive: true, force: true })
mkdirSync(draft, { recursive: true, mode: 0o700 })
for (const file of ['holdfast.db', 'samples.db']) {
  if (!existsSync(path.join(data, file))) continue
  // SQLite's own way: a consistent state, whatever is written meanwhile. A plain copy of a database in use may be damaged. In one
  // step: between steps it begins anew whenever somebody wrote, which under steady writing never ends.
  const source = new DatabaseSync(path.join(data, file), { readOnly: true })
  await backup(source, path.join(draft, file), { rate: ALL })
  source.close()
}
copyFileSync(path.join(data, 'node.key'), path.join(draft, 'node.key'))
renameSync(draft, path.join(to, name))
console.log(path.join(to, name))
