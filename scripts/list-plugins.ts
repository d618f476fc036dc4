// Writes src/plugins/list.gen.ts: every plugin in the folders beside it, explicitly, so that type checking, bundlers and single
// executables see them. One file is one plugin; files and folders that hold tests or parts of a plugin are passed over. With
// `--check` it writes nothing and ends with 1 when the list is out of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = new URL('../src/plugins/', import.meta.url)
const LIST = new URL('list.gen.ts', FOLDER)
const KINDS = [
  { folder: 'probes', type: 'AnyProbe', port: 'probe' },
  { folder: 'channels', type: 'AnyChannel', port: 'channel' },
  { folder: 'stores', type: 'AnyStore', port: 'store' },
  { folder: 'catalogues', type: 'AnyCatalogue', port: 'catalogue' },
  { folder: 'backups', type: 'AnyEngine', port: 'backup' },
  { folder: 'drivers', type: 'AnyDriver', port: 'driver/driver' },
] as const

/** The list as it should be now. */
export function renderList(folder: URL = FOLDER): string {
  const imports: string[] = []
  const lists: string[] = []
  const taken = new Set<string>()
  for (const kind of KINDS) {
    const names = pluginsIn(new URL(`${kind.folder}/`, folder))
    // A database is looked at by a probe and read by a catalogue: the second of a name says of which folder it is.
    const variables = names.map((name) => (taken.has(name) ? variable(`${name}-${kind.folder}`) : variable(name)))
    names.forEach((name, i) => imports.push(`import ${variables[i]} from './${kind.folder}/${name}.ts'`))
    for (const name of names) taken.add(name)
    lists.push(`export const ${kind.folder}: readonly ${kind.type}[] = [${variables.join(', ')}]`)
  }
  const types = KINDS.map(({ type, port }) => `import type { ${type} } from '../ports/${port}.ts'`)
  return `// Written by scripts/list-plugins.ts from the folders beside it; do not edit.\n${[...types, ...imports].join('\n')}\n\n${lists.join('\n')}\n`
}

function pluginsIn(folder: URL): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /^[a-z][a-z0-9-]*\.ts$/.test(entry.name))
      .map((entry) => entry.name.slice(0, -'.ts'.length))
      .toSorted()
  } catch {
    return []
  }
}

const variable = (name: string): string => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

if (import.meta.main) {
  const wanted = renderList()
  if (!process.argv.includes('--check')) writeFileSync(LIST, wanted)
  else if (readFileSync(LIST, 'utf8') !== wanted) {
    console.error(`${fileURLToPath(LIST)} is out of date: run npm run plugins`)
    process.exitCode = 1
  }
}
