// `holdfast validate`, `schema`, `explain`: the configuration without a server. All problems at once, each with its place and cure.
import { explain as explained, codes } from '../../config/explain.ts'
import { renderFindings } from '../../config/finding.ts'
import { fileSchema, loadConfig } from '../../views/accepted.ts'
import { EXIT, usage } from '../failure.ts'
import { configWants, type Command } from '../session.ts'

const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

export const validate: Command = async (session, [given]) => {
  const { out } = session
  const file = given ?? session.config
  const loaded = await loadConfig(await configWants(session, file))
  const findings = loaded.is === 'accepted' ? loaded.config.warnings : loaded.findings
  out.answer({ schema: 'holdfast.validation/1', file, valid: loaded.is === 'accepted', findings }, () => {
    if (loaded.is === 'refused') return out.data(loaded.rendered)
    const { checks, plan, boards, warnings, backups, reconciles } = loaded.config
    if (warnings.length > 0) out.data(`${renderFindings(warnings, warnings.length === 1 ? 'It does not keep the file from being used.' : 'They do not keep it from being used.')}\n`)
    out.data(`${out.paint('ok', '●')} ${file} is valid: ${counted(checks.length, 'check')}, ${counted(Object.keys(plan.people).length, 'person', 'people')}, ${counted(boards.length, 'status page')}${backups.length === 0 ? '' : `, ${counted(backups.length, 'set of backups', 'sets of backups')}`}${reconciles.length === 0 ? '' : `, ${counted(reconciles.length, 'reconcile')}`}.`)
  })
  return loaded.is === 'accepted' ? EXIT.fine : EXIT.usage
}

export const schema: Command = async ({ out, outside }) => {
  out.data(JSON.stringify(fileSchema(await outside.plugins()), null, 2))
  return EXIT.fine
}

/** Codes that stand beside an answer of the server, or a command's own failure. */
const ANSWERS = /^HF(4\d\d|-[CW]\d{3}|-[a-z-]+)$/
const ANSWER = 'What a command or a request was answered\n\nThe sentence beside the code says what it is, and “help” what to try. Codes do not change, so scripts may go by them; those of the configuration (HF1…) have a paragraph of their own here.'

export const explain: Command = (session, [code = '']) => {
  const { out } = session
  const text = explained(code) ?? (ANSWERS.test(code) ? `${code}: ${ANSWER}` : undefined)
  if (text === undefined) throw usage(`There is no code ${code}.`, `Known: ${codes().join(' ')}`)
  out.answer({ schema: 'holdfast.explanation/1', code: code.toUpperCase(), text }, () => out.data(text))
  return Promise.resolve(EXIT.fine)
}
