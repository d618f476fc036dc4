// The runtime folder: where the sockets between siblings lie, and the one that the CLI speaks to. It stands outside the data
// folder (whose disk may hang or be full), belongs to the user who runs Holdfast, and nobody else may look inside. Its name
// follows from the data folder's path alone, without touching that folder, so that server and CLI find each other.
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { Fault } from '../core/fault.ts'
import { ownUid } from './closed-folder.ts'

type Environment = Readonly<Record<string, string | undefined>>

const nameOf = (dataDir: string): string => createHash('sha256').update(path.resolve(dataDir)).digest('hex').slice(0, 12)

/** What the service unit that comes with Holdfast has the service manager make. */
const SERVICE_FOLDER = '/run/holdfast'

/** The places that the environment names, likeliest first: the service manager's for this service, the user's session. */
const named = (env: Environment): readonly string[] =>
  [env['RUNTIME_DIRECTORY']?.split(':')[0], env['XDG_RUNTIME_DIR']].filter((place): place is string => place !== undefined && path.isAbsolute(place))

/** True for a folder that is ours, and nobody else's to look into. */
function isOursAlone(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  return found !== undefined && found.isDirectory() && found.uid === ownUid() && (found.mode & 0o077) === 0
}

function isOwnFolder(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  return found !== undefined && found.isDirectory() && found.uid === ownUid()
}

/**
 * Where the runtime folder of a data folder may be, likeliest first. A server that was started by the service manager has
 * another environment than the shell that asks it, so whoever connects looks at each.
 */
export function runtimeFolders(dataDir: string, env: Environment = process.env): readonly string[] {
  const uid = ownUid()
  const name = nameOf(dataDir)
  const found = [...named(env), `/run/user/${uid}`, SERVICE_FOLDER].map((place) => path.join(place, `holdfast-${name}`))
  return [...new Set([...found, `/tmp/holdfast-${uid}-${name}`])]
}

/**
 * The runtime folder for this data folder, made (mode 0700) if it is not there. Throws a Fault when somebody else holds the
 * name or others may look inside: sockets are then not safe there.
 */
export function runtimeFolder(dataDir: string, env: Environment = process.env): string {
  const own = named(env).find(isOwnFolder)
  const folder = own === undefined ? `/tmp/holdfast-${ownUid()}-${nameOf(dataDir)}` : path.join(own, `holdfast-${nameOf(dataDir)}`)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'EEXIST') throw new Fault(`The runtime folder ${folder} cannot be made: ${(cause as Error).message}`, 'never', cause)
  }
  if (!isOursAlone(folder)) {
    throw new Fault(`The runtime folder ${folder} is not ours alone: it must be a folder of this user with mode 0700. Remove it and start again.`, 'never')
  }
  return folder
}

/** The folder for compiled code, one for all data folders of this user, made (mode 0700) if it is not there; `undefined` when it is not ours alone. */
export function codeFolder(env: Environment = process.env): string | undefined {
  const own = named(env).find(isOwnFolder)
  const folder = own === undefined ? `/tmp/holdfast-${ownUid()}-code` : path.join(own, 'holdfast-code')
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch {
    // It is there already, or cannot be made: the look at it decides.
  }
  return isOursAlone(folder) ? folder : undefined
}
