// The part of the zoo about folders over SFTP: what a server may say, and what must not be believed of it.
import type { Mutant } from './mutant.ts'

const STORE = 'src/plugins/stores/sftp'
const killer = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/plugins/stores/sftp.test.ts', name })

export const overSftp: readonly Mutant[] = [
  {
    name: 'a name in a folder over there may be a path', breaks: ['G-13'], killer: killer('G-10 a server that lies about a folder'),
    changes: [{ file: `${STORE}/remote.ts`, find: `if (name === '' || name.includes('/') ||`, put: `if (name === '' ||` }],
  },
  {
    name: 'a folder over there may go on for ever', breaks: ['G-10', 'X-5'], killer: killer('G-10 a server that lies about a folder'),
    changes: [{ file: `${STORE}/remote.ts`, find: `if (seen.has(name)) throw malformed('a folder gives one name twice')`, put: 'if (seen.size > 1e9) return all' }],
  },
  {
    name: 'a rename that nobody answered did not happen', breaks: ['X-3'], killer: killer('a server that says nothing is given up'),
    changes: [{ file: `${STORE}/hand.ts`, find: 'if (isSilence(cause) || [', put: 'if ([' }],
  },
  {
    name: 'a host over there need not be proven', breaks: ['G-6'], killer: killer('ssh is called so that it asks nobody'),
    changes: [{ file: 'src/ports/world/ssh.ts', find: `'StrictHostKeyChecking=yes'`, put: `'StrictHostKeyChecking=accept-new'` }],
  },
  {
    name: 'a folder over there needs no marker', breaks: ['G-10'], killer: killer('a folder without its marker is no store'),
    changes: [{ file: `${STORE}/ground.ts`, find: 'if (!attrs) throw coded(NOT_THERE, `${says} holds no', put: 'if (!attrs) return { remote, root, marker, identity: { kind: \'sftp\', id: \'0\'.repeat(64), says }, proof: root }\n  if (!attrs) throw coded(NOT_THERE, `${says} holds no' }],
  },
  {
    name: 'links over there are followed', breaks: ['G-13'], killer: killer('G-13 no link is followed'),
    changes: [{ file: `${STORE}/remote.ts`, find: 'lstat: async (path) => attrsOf(await ask(ASK.lstat, sized(path)), path)', put: 'lstat: async (path) => attrsOf(await ask(17, sized(path)), path)' }],
  },
  {
    name: 'in a lab ssh goes wherever the configuration says', breaks: ['G-6'], killer: killer('in a lab nothing is started before it is judged'),
    changes: [{ file: `${STORE}.ts`, find: 'argvOf(led ? await led(place) : place)', put: 'argvOf(place)' }],
  },
  {
    name: 'in a lab ssh resolves the name by itself', breaks: ['G-6'], killer: { is: 'test', file: 'src/ports/world/lab/door.test.ts', name: 'ssh connects to the address that was judged' },
    changes: [{ file: 'src/ports/world/ssh.ts', find: '[`HostName=${address}`, `HostKeyAlias', put: '[`HostKeyAlias' }],
  },
]
