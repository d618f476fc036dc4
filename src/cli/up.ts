// The command line of `holdfast up`: read, judged, and nothing else. Starting is the watchdog's.
import { parseArgs } from 'node:util'

export interface Up {
  readonly config: string | undefined
  readonly data: string
  readonly port: number
  readonly host: string
  readonly urls: readonly string[]
}

export type ReadUp =
  | { readonly is: 'run'; readonly up: Up }
  | { readonly is: 'help'; readonly text: string }
  | { readonly is: 'wrong'; readonly says: string }

/** What `holdfast up` takes, examples first. */
export const UP_HELP = `Examples:
  holdfast up                                  watches what holdfast.yaml names; writes a first one where there is none
  holdfast up https://example.com              watches that address too, at once
  holdfast up --config /etc/holdfast/holdfast.yaml --data /var/lib/holdfast

Usage: holdfast up [url…] [options]

  --config <file>    the configuration (holdfast.yaml); conf.d/*.yaml and secrets/ beside it belong to it
  --data <folder>    where Holdfast keeps its memory (./holdfast-data)
  --port <number>    where the board and the API are served (7400)
  --host <address>   the address to listen on (127.0.0.1)

Runs until it is stopped (Ctrl-C, SIGTERM). SIGHUP reads the configuration again; so does a change of the file.
Exit codes: 0 stopped, 1 could not start, 2 wrong usage or configuration.
`

/** Reads the words after `up`. */
export function readUp(args: readonly string[]): ReadUp {
  try {
    const { values, positionals } = parseArgs({
      args: [...args], allowPositionals: true, strict: true,
      options: {
        config: { type: 'string' }, data: { type: 'string' }, port: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help) return { is: 'help', text: UP_HELP }
    const port = values.port ?? '7400'
    if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) return wrong(`--port wants a number from 1 to 65535, not "${port.slice(0, 40)}"`)
    for (const name of ['config', 'data', 'host'] as const) if (values[name] === '') return wrong(`--${name} wants a value`)
    if (positionals.length > 100) return wrong(`${positionals.length} addresses are too many for a command line: write them into the configuration`)
    return { is: 'run', up: { config: values.config, data: values.data ?? './holdfast-data', port: Number(port), host: values.host ?? '127.0.0.1', urls: positionals } }
  } catch (cause) {
    return wrong(cause instanceof Error ? (cause.message.split('. ')[0] ?? cause.message) : String(cause))
  }
}

const wrong = (says: string): ReadUp => ({ is: 'wrong', says: `holdfast up: ${says}.\nSee: holdfast up --help` })
