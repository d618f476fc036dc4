// The first configuration: what `holdfast up` writes where there is none. Short, commented, valid as it stands; addresses given on
// the command line stand in it as checks and on the status page. And the names that such addresses get.
import { webFault } from './piece.ts'

export interface Given {
  readonly name: string
  readonly url: string
}

/** Reads one address of the command line ("example.com" means https); the name comes from its host and differs from those taken. */
export function readGiven(text: string, taken: ReadonlySet<string>): Given | { readonly says: string } {
  const url = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) ? text : `https://${text}`
  const says = webFault(url)
  return says === undefined ? { name: freeName(new URL(url).hostname, taken), url } : { says }
}

function freeName(host: string, taken: ReadonlySet<string>): string {
  const plain = host.replace(/^www\./, '').replaceAll(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 50)
  const first = /[A-Za-z]/.test(plain) ? plain : `host-${plain}`
  for (let n = 1; ; n++) {
    const name = n === 1 ? first : `${first}-${n}`
    if (!taken.has(name)) return name
  }
}

export interface StarterWants {
  readonly given: readonly Given[]
  readonly port: number
  readonly timezone: string
}

/** The text of the first `holdfast.yaml`. */
export function starter({ given, port, timezone }: StarterWants): string {
  // A JSON text is a YAML text in double quotes.
  const checks = given.map(({ name, url }) => `  ${name}: { http: ${JSON.stringify(url)} }`)
  const hosts = given.map(({ url }) => new URL(url).host)
  const components = given.map(({ name }, at) => `      ${JSON.stringify(hosts.indexOf(hosts[at] ?? '') === at ? hosts[at] : name)}: [${name}]`)
  return `# What Holdfast watches, whom it pages, and what it tells the public. It is read again when it changes.
# All settings: holdfast schema, docs/use/. Check a change before it counts: holdfast validate
version: 1
site: { name: My site, url: "http://localhost:${port}", timezone: ${timezone} }

checks:${checks.length > 0 ? `\n${checks.join('\n')}` : ''}
  # www: { http: "https://example.com/healthz", expect: { status: 200 } }
  # job: { heartbeat: true, every: 1h, grace: 5m }          # holdfast ping job

# Nobody is paged until there are people, and a channel that reaches them.
# channels:
#   email: { smtp: "smtp://relay.example.com:587", from: holdfast@example.com }
# people:
#   ada: { email: ada@example.com }

status_pages:
  public:
    components:${components.length > 0 ? `\n${components.join('\n')}` : ' {}'}
`
}
