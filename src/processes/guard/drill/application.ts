// The application, started on what was restored: in a cell like everything else (loopback alone, no rights, a user id of its own), by the words of the
// configuration and never through a shell that reads them. Whoever asks it runs in the same namespaces, since nobody else could reach it, and
// ends with it. What it answers may be hostile: it is bounded, and taken for text.
import { seconds, sayTime, type Span } from '../../../core/time.ts'
import { failed, open, passed, type Cell, type Ran, type Step } from '../../../ports/backup.ts'
import { gist } from '../../../ports/backup/words.ts'
import { sayAsk, type Application, type HttpAsk } from '../../../rooms/guard/drills/application.ts'

/** In namespaces of its own every port is free. */
const PORT = 18_080
/** So long one answer may take. */
const PATIENCE: Span = seconds(30)
const MOST_BYTES = 256 * 1024
const FRAME = /^ask (\d+) (\S*)$/gm

/** What `{{…}}` stands for in its command, its environment and its addresses: where the restored database is (`url`), or the folder (`folder`). */
export type Values = Readonly<Record<string, string>>

export interface Asked {
  readonly text: string
  readonly step: Step
}

/** Starts it and asks it everything. A program that is not there is ours to install, and says nothing of the copy. */
export async function askApplication(cell: Cell, application: Application, asks: readonly HttpAsk[], reach: Values): Promise<readonly Asked[]> {
  const values: Values = { ...reach, port: String(PORT), work: cell.work }
  const argv = application.run.map((word) => filled(word, values))
  const env = Object.entries(application.env).map(([name, text]) => `${name}=${filled(text, values)}`)
  const missing = [...new Set([...application.run, ...Object.values(application.env), ...asks.map(({ http }) => http)].flatMap((text) => [...text.matchAll(PLACE)].map(([, name = '']) => name)))].find((name) => !Object.hasOwn(values, name))
  if (missing !== undefined) return asks.map((it) => ({ text: sayAsk(it), step: open(`{{${missing}}} stands for nothing here; these do: ${Object.keys(values).join(', ')}`) }))
  const targets = asks.map(({ http }) => new URL(filled(http, values)))
  const list = await cell.put('asks', targets.map((url, n) => `${n} ${url.port || '80'} ${url.pathname}${url.search} ${url.host}\n`).join(''))
  const within = seconds(Math.ceil((application.ready + PATIENCE * asks.length) / 1000) + 30)
  const ran = await cell.run(['/bin/bash', '-c', SCRIPT, 'ask', String(Math.ceil(application.ready / 1000)), list, String(MOST_BYTES), String(PATIENCE / 1000), '/usr/bin/env', ...env, ...argv], { within })
  const answers = new Map([...ran.out.matchAll(FRAME)].map(([, n = '', text = '']) => [Number(n), text]))
  return asks.map((it, n) => ({ text: sayAsk(it), step: judged(it, answers.get(n), ran, application) }))
}

const PLACE = /\{\{(\w*)\}\}/g
const filled = (text: string, values: Values): string => text.replace(PLACE, (whole, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? '') : whole))

/** What its own end says. */
const ENDED = /^ended (\d+)$/m

function judged(ask: HttpAsk, answer: string | undefined, ran: Ran, { ready, run: [program = ''] }: Application): Step {
  const said = gist({ err: ran.err, out: '' })
  if (answer !== undefined && answer !== '') return judgeAnswer(ask, Buffer.from(answer, 'base64'), said)
  const code = ENDED.exec(ran.out)?.[1]
  if (code === '126' || code === '127') return open(`${program} cannot be run in a cell: it sees the programs of this machine below /usr, and the folder that drill.application.folder names`, said)
  if (code !== undefined) return failed(`the application ended with ${code} before it answered`, said)
  return answer === '' ? failed('the application gave no answer', said) : open(`the application did not answer within ${sayTime(ready)}`, said)
}

/** An answer of HTTP, as it came. */
export function judgeAnswer({ status, body }: HttpAsk, bytes: Buffer, said: string): Step {
  const text = bytes.toString('utf8')
  const found = /^HTTP\/1\.[01] (\d{3})[ \r\n]/.exec(text)?.[1]
  if (found === undefined) return failed('what the application answers is no HTTP', said)
  const rest = text.slice(Math.max(0, text.indexOf('\r\n\r\n')) + 4)
  if (Number(found) !== status) return failed(`it answers ${found}, and ${status} is wanted`, [rest.slice(0, 500), said].filter(Boolean).join('\n'))
  if (body !== undefined && !rest.includes(body)) return failed(`its answer does not hold ${JSON.stringify(body.slice(0, 80))}`, [rest.slice(0, 500), said].filter(Boolean).join('\n'))
  return passed()
}

// Fixed, with words as arguments. HTTP/1.0, so that an answer ends with its connection. What the application says goes to the error output, of which a cell
// keeps both ends. `/dev/tcp` is bash's own, and no file.
const SCRIPT = `
ready=$1 list=$2 most=$3 patience=$4
shift 4
"$@" </dev/null >&2 &
app=$!
reached() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
read -r _ first _ <"$list"
SECONDS=0
until reached "$first"; do
  if ! kill -0 "$app" 2>/dev/null; then wait "$app"; echo "ended $?"; exit 0; fi
  [ "$SECONDS" -lt "$ready" ] || exit 0
  sleep 0.1
done
while read -r n port path host; do
  printf 'ask %s ' "$n"
  if exec 3<>"/dev/tcp/127.0.0.1/$port"; then
    printf 'GET %s HTTP/1.0\\r\\nHost: %s\\r\\nAccept: */*\\r\\nUser-Agent: Holdfast\\r\\nConnection: close\\r\\n\\r\\n' "$path" "$host" >&3
    timeout "$patience" head -c "$most" <&3 | base64 -w 0
    exec 3>&-
  fi
  echo
done <"$list"
kill -KILL "$app" 2>/dev/null
exit 0
`
